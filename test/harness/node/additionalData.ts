import { ExternalSecretsProxy } from 'n8n-core';
import type { ICredentialsHelper, IWorkflowExecuteAdditionalData } from 'n8n-workflow';

function notHere(what: string): () => never {
	return () => {
		throw new Error(`There is no ${what} in these tests`);
	};
}

/** The public address of this n8n. */
export const OWN_ADDRESS = 'https://n8n.example.com';

/** What n8n gives to every node, with this credential. */
export function buildAdditionalData(
	credentialsHelper: ICredentialsHelper,
): IWorkflowExecuteAdditionalData {
	const base = OWN_ADDRESS;
	return {
		credentialsHelper,
		externalSecretsProxy: new ExternalSecretsProxy(),
		executeWorkflow: notHere('other workflow'),
		getRunExecutionData: notHere('other execution'),
		getRuntimeCredential: notHere('runtime credential'),
		startRunnerTask: notHere('task runner'),
		logAiEvent: () => {},
		executionId: '42',
		currentNodeExecutionIndex: 0,
		restApiUrl: `${base}/rest`,
		instanceBaseUrl: base,
		formBaseUrl: `${base}/form`,
		formWaitingBaseUrl: `${base}/form-waiting`,
		formTestBaseUrl: `${base}/form-test`,
		webhookBaseUrl: `${base}/webhook`,
		webhookWaitingBaseUrl: `${base}/webhook-waiting`,
		webhookTestBaseUrl: `${base}/webhook-test`,
		mcpBaseUrl: `${base}/mcp`,
		mcpTestBaseUrl: `${base}/mcp-test`,
		variables: {},
	};
}
