import type { FunctionsBase, ICredentialsDecrypted } from 'n8n-workflow';

import { toBaseUrl, toKey } from './access';
import { Refusal, type Settled, Thrown } from './failure';
import { withoutSecrets } from './redact';

export const CREDENTIAL_TYPE = 'aiVideoApi';

export interface Credential {
	/** Without a slash at the end. */
	baseUrl: string;
	/** As n8n's own helper takes it; only that helper looks at the key. */
	decrypted: ICredentialsDecrypted;
	/** The same for credentials that are one in n8n and have the same key and base URL. Never shown or stored. */
	account: string;
	/** What the API said, without the key and without resume addresses. */
	mask(value: unknown): unknown;
}

/** n8n's id of the credential that the node has chosen. */
export function credentialIdOf(context: FunctionsBase): string {
	return context.getNode().credentials?.[CREDENTIAL_TYPE]?.id ?? '';
}

/**
 * The credential that the node has chosen, its expressions resolved for one item: one key for each
 * client is a pattern of n8n's own documentation.
 */
export async function readCredential(
	context: FunctionsBase,
	itemIndex: number,
): Promise<Settled<Credential>> {
	try {
		const data = await context.getCredentials(CREDENTIAL_TYPE, itemIndex);
		const key = toKey(data['apiKey']);
		if (key instanceof Refusal) return key;
		const baseUrl = toBaseUrl('baseUrl' in data ? data.baseUrl : '');
		if (baseUrl instanceof Refusal) return baseUrl;
		return {
			baseUrl,
			decrypted: { id: '', name: 'AI Video API', type: CREDENTIAL_TYPE, data },
			account: JSON.stringify([credentialIdOf(context), baseUrl, key]),
			mask: (value) => withoutSecrets(value, key),
		};
	} catch (thrown) {
		return new Thrown(thrown);
	}
}
