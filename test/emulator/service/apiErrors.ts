import { json, type Answer } from '../http/answer';

const ERRORS = {
	'400': [400, 'invalid_request', 'invalid_request_error', 'The request is invalid.'],
	'401': [401, 'invalid_api_key', 'authentication_error', 'Invalid API key.'],
	'402': [402, 'insufficient_credits', 'billing_error', 'Insufficient credits.'],
	'403': [403, 'ip_not_allowed', 'permission_error', 'Your IP address is not allowed.'],
	'404': [404, 'task_not_found', 'invalid_request_error', 'Task not found.'],
	'404-model': [404, 'model_not_found', 'invalid_request_error', 'Model not found.'],
	'405': [405, 'invalid_request', 'invalid_request_error', 'Method not allowed.'],
	'429-rate': [429, 'rate_limit_exceeded', 'rate_limit_error', 'Too many requests.'],
	'429-spend': [429, 'spend_limit_exceeded', 'billing_error', 'Spend limit of this key reached.'],
	'500': [500, 'internal_error', 'api_error', 'Internal server error.'],
	'503': [503, 'upstream_error', 'upstream_error', 'The video generator is unavailable.'],
} as const;

export type ApiErrorName = keyof typeof ERRORS;

export function isApiErrorName(name: string): name is ApiErrorName {
	return Object.hasOwn(ERRORS, name);
}

/** A documented error body with its HTTP status; `retryAfter` is the header's value, sent as it is. */
export function apiError(
	name: ApiErrorName,
	message?: string,
	retryAfter?: string | number,
): Answer {
	const [status, code, type, defaultMessage] = ERRORS[name];
	return json(
		status,
		{ error: { code, message: message ?? defaultMessage, type } },
		retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
	);
}

/** An address that the documentation does not know; no error code is documented for it. */
export function unknownRoute(method: string, path: string): Answer {
	const message = `No such endpoint: ${method} ${path}`;
	return json(404, { error: { code: 'not_found', message, type: 'invalid_request_error' } });
}
