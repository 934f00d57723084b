import type { ServerResponse } from 'node:http';
import type { Answer } from './answer';
import type { Delivery } from '../control/faults';

function writeHead(response: ServerResponse, answer: Answer, length?: number): void {
	const given = Object.keys(answer.headers).some((name) => name.toLowerCase() === 'content-length');
	const lengthHeader = length === undefined || given ? {} : { 'content-length': String(length) };
	response.writeHead(answer.status, { ...answer.headers, ...lengthHeader });
}

async function sendWell(response: ServerResponse, answer: Answer): Promise<void> {
	writeHead(response, answer, answer.isChunked === true ? undefined : answer.body.length);
	await new Promise<void>((resolve) => {
		response.on('close', resolve);
		response.end(answer.body, resolve);
	});
}

/** Promises the whole body, sends half of it and breaks the connection. */
function sendCut(response: ServerResponse, answer: Answer): void {
	const { length } = answer.body;
	// Even an empty body has to promise a byte that never comes.
	writeHead(response, answer, Math.max(1, length));
	response.flushHeaders();
	if (length > 1) response.write(answer.body.subarray(0, Math.floor(length / 2)));
	// Ending the socket, unlike destroying it, lets the written half arrive first.
	response.socket?.end();
}

/** Sends one byte at a time, and then blanks, which JSON allows, without ever coming to an end. */
function startDrip(response: ServerResponse, answer: Answer, intervalMs: number): void {
	writeHead(response, answer);
	response.flushHeaders();
	const bytes = answer.body;
	let at = 0;
	const timer = setInterval(() => {
		response.write(at < bytes.length ? bytes.subarray(at, at + 1) : ' ');
		at += 1;
	}, intervalMs);
	timer.unref();
	response.on('close', () => clearInterval(timer));
}

/** The status that a delivery puts on the wire, null when it puts none. */
export function deliveredStatus(delivery: Delivery): number | null {
	return 'answer' in delivery ? delivery.answer.status : null;
}

/** Puts a delivery on the wire. Resolves when it was sent, or as soon as it hangs or drips. */
export async function deliver(response: ServerResponse, delivery: Delivery): Promise<void> {
	if (response.destroyed || response.closed) return;
	switch (delivery.how) {
		case 'answer':
			await sendWell(response, delivery.answer);
			return;
		case 'cut':
			sendCut(response, delivery.answer);
			return;
		case 'drip':
			startDrip(response, delivery.answer, delivery.intervalMs);
			return;
		case 'reset':
			response.socket?.resetAndDestroy();
			return;
		case 'hang':
	}
}
