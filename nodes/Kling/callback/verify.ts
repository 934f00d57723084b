import type { IWebhookFunctions } from 'n8n-workflow';

import type { ApiClient } from '../api/client';
import { openClient } from '../api/client';

/**
 * The time for reading a task back while its sender waits, in milliseconds: nobody knows how long
 * the sender does (API docs: not documented).
 */
const READ_TIMEOUT_MS = 10_000;

/** The API for checking callbacks: one quick try each; null when the credential cannot be used. */
export async function openCallbackClient(context: IWebhookFunctions): Promise<ApiClient | null> {
	return await openClient(context, { maxAttempts: 1, attemptTimeoutMs: READ_TIMEOUT_MS }).catch(
		() => null,
	);
}
