import type { ICredentialTestRequest, ICredentialType, IHttpRequestOptions } from 'n8n-workflow';

import { DEFAULT_BASE_URL, toBaseUrl, toKey } from '../nodes/Kling/api/credential';
import { Refusal } from '../nodes/Kling/api/failure';

const LATER = 'This says nothing about the key: test it again in a minute.';

/** What an answer to the test means, by its status. */
const ANSWERS: Record<number, string> = {
	401: 'The API refused the key (401). Check that it is complete, starts with "sk-" and is still active in the dashboard.',
	403: 'The key is valid but may not be used from this address (403). Add the IP address of this n8n to the allow-list of the key.',
	404: `There is nothing at this address (404). Check the Base URL: the API lives at ${DEFAULT_BASE_URL}.`,
	429: `The API had too many requests (429). ${LATER}`,
	500: `The API met an internal fault (500). ${LATER}`,
	502: `The API cannot be reached behind its gateway (502). ${LATER}`,
	503: `The API is not available just now (503). ${LATER}`,
	504: `The API did not answer its gateway in time (504). ${LATER}`,
};

function usable(value: string | Refusal): string {
	if (value instanceof Refusal) throw new Error(value.message);
	return value;
}

/** The key for the AI Video API. Its test reads the credits: free of charge, and it needs a key that works. */
export class AiVideoApi implements ICredentialType {
	name = 'aiVideoApi';
	displayName = 'AI Video API';
	documentationUrl = 'https://aivideoapi.ai';
	icon: ICredentialType['icon'] = {
		light: 'file:../nodes/Kling/kling.svg',
		dark: 'file:../nodes/Kling/kling.dark.svg',
	};

	properties: ICredentialType['properties'] = [
		{
			displayName:
				'Keys and credits are in the dashboard of the <a href="https://aivideoapi.ai" target="_blank">AI Video API</a>. n8n tests the key free of charge.',
			name: 'dashboardNotice',
			type: 'notice',
			default: '',
		},
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			required: true,
			default: '',
			placeholder: 'sk-…',
			description: 'Create one in the AI Video API dashboard, under API Keys',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: DEFAULT_BASE_URL,
			// n8n says no more than the code when there is no network: no rule can replace it.
			description:
				'Where the API lives. Change it only for a proxy or a test server. A test that ends with ENOTFOUND, ECONNREFUSED or ETIMEDOUT means that this n8n cannot reach the address: check it, and the network or proxy of n8n.',
		},
	];

	/**
	 * A function, not expressions: n8n 2.41 takes down the sandbox that expressions need as soon as an execution
	 * is suspended, and its tasks are looked at after that. A property, not a method: n8n looks for it among the
	 * properties. Only the credential's test leaves the address to it, so that a Base URL means the same there.
	 */
	authenticate = async (credentials: Record<string, unknown>, request: IHttpRequestOptions) => {
		const Authorization = `Bearer ${usable(toKey(credentials.apiKey))}`;
		const baseURL = request.baseURL && usable(toBaseUrl(credentials.baseUrl ?? ''));
		return { ...request, baseURL, headers: { ...request.headers, Authorization } };
	};

	test: ICredentialTestRequest = {
		request: { baseURL: DEFAULT_BASE_URL, url: '/v1/credits', method: 'GET' },
		rules: Object.entries(ANSWERS).map(([status, message]) => ({
			type: 'responseCode',
			properties: { value: Number(status), message },
		})),
	};
}
