import type { INodeExecutionData, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

/**
 * Answers the caller now. The answer is written to the response itself: one returned to n8n together
 * with items would lose what was written to the static data (n8n 2.0 and 2.41), and would come only
 * after the video was downloaded.
 */
function respond(context: IWebhookFunctions, status: number, message: string): void {
	context.getResponseObject().status(status).json({ message });
}

/** Answers the caller; nothing starts or resumes. */
export function turnAway(
	context: IWebhookFunctions,
	status: number,
	message: string,
): IWebhookResponseData {
	respond(context, status, message);
	return { noWebhookResponse: true };
}

/** Answers the caller first, then starts or resumes the workflow with the items. */
export async function accept(
	context: IWebhookFunctions,
	message: string,
	makeItems: () => Promise<INodeExecutionData[]>,
): Promise<IWebhookResponseData> {
	respond(context, 200, message);
	return { noWebhookResponse: true, workflowData: [await makeItems()] };
}
