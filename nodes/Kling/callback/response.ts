import type { INodeExecutionData, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

/**
 * Answers the caller now, and starts or resumes the workflow when there are items.
 *
 * The answer is written to the response itself: an answer returned to n8n together with items would
 * lose what was written to the static data (n8n 2.0 and 2.41).
 */
export function answer(
	context: IWebhookFunctions,
	status: number,
	message: string,
	items?: INodeExecutionData[],
): IWebhookResponseData {
	context.getResponseObject().status(status).json({ message });
	return items === undefined
		? { noWebhookResponse: true }
		: { noWebhookResponse: true, workflowData: [items] };
}
