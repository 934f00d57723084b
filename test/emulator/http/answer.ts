/** One HTTP answer, before any fault is applied to it. */
export interface Answer {
	readonly status: number;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: Buffer;
	/** Whether its length is kept from the client: sent in chunks. */
	readonly isChunked?: boolean;
}

/** `{ "code": 200, "msg": "success", "data": … }`, the envelope of create and credits. */
export function envelope(data: unknown): Answer {
	return json(200, { code: 200, msg: 'success', data });
}

export function json(
	status: number,
	value: unknown,
	headers: Readonly<Record<string, string>> = {},
): Answer {
	return {
		status,
		headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
		body: Buffer.from(JSON.stringify(value)),
	};
}

export function text(
	status: number,
	body: string,
	contentType = 'text/plain; charset=utf-8',
	headers: Readonly<Record<string, string>> = {},
): Answer {
	return { status, headers: { 'content-type': contentType, ...headers }, body: Buffer.from(body) };
}

/** The page that a proxy in front of the API would show. */
export function htmlPage(status: number): Answer {
	const title = status < 400 ? 'Welcome' : `${status} Bad Gateway`;
	const page = `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
	return text(status, page, 'text/html; charset=utf-8');
}
