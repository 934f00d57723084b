import { z } from 'zod';
import type { IncomingMessage } from 'node:http';
import { redactAuthorization } from '../service/keys';

const chunkSchema = z.instanceof(Buffer);

const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** The whole body; rejects when the client broke off or sends more than the emulator is ready to hold. */
export async function readBody(message: IncomingMessage): Promise<Buffer> {
	const chunks: Buffer[] = [];
	let bytes = 0;
	for await (const chunk of message) {
		const buffer = chunkSchema.parse(chunk);
		bytes += buffer.length;
		if (bytes > MAX_BODY_BYTES) throw new Error('The request body is too large');
		chunks.push(buffer);
	}
	return Buffer.concat(chunks);
}

/** Headers by lower-case name, repeated ones joined. */
export function flatHeaders(message: IncomingMessage): Record<string, string> {
	return Object.fromEntries(
		Object.entries(message.headers).map(([name, value]) => [
			name,
			Array.isArray(value) ? value.join(', ') : (value ?? ''),
		]),
	);
}

/** The same headers without the secret in them. */
export function redactHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
	const { authorization, ...rest } = headers;
	if (authorization === undefined) return rest;
	return { ...rest, authorization: redactAuthorization(authorization) };
}

/** Parsed JSON, else the text; undefined for an empty body. */
export function readableBody(body: Buffer): unknown {
	if (body.length === 0) return undefined;
	const text = body.toString();
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}
