import type { FunctionsBase } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { z } from 'zod';

const DEFAULT_BASE_URL = 'https://api.aivideoapi.ai';

const credentialSchema = z.object({
	apiKey: z.string().catch(''),
	baseUrl: z.string().catch(''),
});

export interface CredentialContext extends Pick<FunctionsBase, 'getNode'> {
	getCredentials(type: string): Promise<object>;
}

/**
 * The credential's base URL, without trailing slashes. The key itself stays with n8n's own helper.
 *
 * @throws NodeOperationError when no credential is chosen, its key is empty, or its address is
 *   none
 */
export async function readCredential(context: CredentialContext): Promise<{ baseUrl: string }> {
	const credential = credentialSchema.parse(await context.getCredentials('aiVideoApi'));
	if (credential.apiKey.trim() === '') {
		throw new NodeOperationError(context.getNode(), 'The credential has no API Key', {
			description: 'Open the AI Video API credential of this node and paste your key, “sk-…”.',
		});
	}
	const baseUrl = (credential.baseUrl.trim() || DEFAULT_BASE_URL).replace(/\/+$/, '');
	if (!/^https?:\/\/[^\s/]/i.test(baseUrl)) {
		throw new NodeOperationError(
			context.getNode(),
			'The Base URL of the credential is no address',
			{
				description: `Set it to ${DEFAULT_BASE_URL}, or to the address of your own proxy.`,
			},
		);
	}
	return { baseUrl };
}
