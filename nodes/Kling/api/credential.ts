import type { FunctionsBase, ICredentialsDecrypted } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';

import { InvalidCredentialError, toBaseUrl, toKey } from './access';
import { withoutKey } from './redact';

export const CREDENTIAL_TYPE = 'aiVideoApi';

export type CredentialContext = Pick<FunctionsBase, 'getNode' | 'getCredentials'>;

export interface Credential {
	/** Without a slash at the end. */
	baseUrl: string;
	/** As n8n's own helper takes it; only that helper looks at the key. */
	decrypted: ICredentialsDecrypted;
	/** The same for credentials with the same key and base URL. Never shown or stored. */
	identity: string;
	/** Parsed JSON or text with the key replaced wherever it stands. */
	mask(value: unknown): unknown;
}

/**
 * The credential that the node has chosen, its expressions resolved for one item: one key for each
 * client is a pattern of n8n's own documentation.
 *
 * @throws NodeOperationError when no credential is chosen, its key is empty, or nothing can be sent to its
 *   address
 */
export async function readCredential(
	context: CredentialContext,
	itemIndex = 0,
): Promise<Credential> {
	const data = await context.getCredentials(CREDENTIAL_TYPE, itemIndex);
	try {
		const key = toKey(data['apiKey']);
		// A credential from before the field was there has no such key.
		const baseUrl = toBaseUrl('baseUrl' in data ? data.baseUrl : '');
		return {
			baseUrl,
			decrypted: { id: '', name: 'AI Video API', type: CREDENTIAL_TYPE, data },
			identity: JSON.stringify([baseUrl, key]),
			mask: (value) => withoutKey(value, key),
		};
	} catch (thrown) {
		const error = thrown instanceof Error ? thrown : new Error(String(thrown));
		const description = error instanceof InvalidCredentialError ? error.hint : undefined;
		throw new NodeOperationError(context.getNode(), error.message, { description, itemIndex });
	}
}
