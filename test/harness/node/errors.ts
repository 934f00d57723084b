import { NodeApiError, NodeOperationError } from 'n8n-workflow';

/** What n8n shows of an error. */
export interface ShownError {
	message: string;
	description: string;
	httpCode: string | null;
	itemIndex: unknown;
}

function shownOf(error: NodeApiError | NodeOperationError, httpCode: string | null): ShownError {
	const { message, description, context } = error;
	return { message, description: description ?? '', httpCode, itemIndex: context['itemIndex'] };
}

/** @throws when it is no NodeApiError */
export function apiErrorOf({ error }: { error: unknown }): ShownError {
	if (error instanceof NodeApiError) return shownOf(error, error.httpCode);
	throw new Error(`No NodeApiError: ${String(error)}`);
}

/** @throws when it is no NodeOperationError */
export function operationErrorOf({ error }: { error: unknown }): ShownError {
	if (error instanceof NodeOperationError) return shownOf(error, null);
	throw new Error(`No NodeOperationError: ${String(error)}`);
}
