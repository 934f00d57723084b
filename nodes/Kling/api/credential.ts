import type { FunctionsBase, ICredentialsDecrypted } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { z } from 'zod';

export const CREDENTIAL_TYPE = 'aiVideoApi';

const DEFAULT_BASE_URL = 'https://api.aivideoapi.ai';

const credentialSchema = z.object({
	apiKey: z.string().catch(''),
	baseUrl: z.string().catch(''),
});

export type CredentialContext = Pick<FunctionsBase, 'getNode' | 'getCredentials'>;

export interface Credential {
	/** Without trailing slashes. */
	baseUrl: string;
	/** As n8n's own helper takes it; only that helper looks at the key. */
	decrypted: ICredentialsDecrypted;
	/** The same for credentials with the same key and base URL. Never shown or stored. */
	identity: string;
}

/**
 * The credential that the node has chosen, its expressions resolved for one item: one key for each
 * client is a pattern of n8n's own documentation.
 *
 * @throws NodeOperationError when no credential is chosen, its key is empty, or its address is
 *   none
 */
export async function readCredential(
	context: CredentialContext,
	itemIndex = 0,
): Promise<Credential> {
	const data = await context.getCredentials(CREDENTIAL_TYPE, itemIndex);
	const credential = credentialSchema.parse(data);
	if (credential.apiKey.trim() === '') {
		throw new NodeOperationError(context.getNode(), 'The credential has no API Key', {
			description: 'Open the AI Video API credential of this node and paste your key, “sk-…”.',
			itemIndex,
		});
	}
	const baseUrl = (credential.baseUrl.trim() || DEFAULT_BASE_URL).replace(/\/+$/, '');
	if (!/^https?:\/\/[^\s/]/i.test(baseUrl)) {
		throw new NodeOperationError(
			context.getNode(),
			'The Base URL of the credential is no address',
			{
				description: `Set it to ${DEFAULT_BASE_URL}, or to the address of your own proxy.`,
				itemIndex,
			},
		);
	}
	const name = 'AI Video API';
	return {
		baseUrl,
		decrypted: { id: '', name, type: CREDENTIAL_TYPE, data },
		identity: JSON.stringify([baseUrl, credential.apiKey.trim()]),
	};
}
