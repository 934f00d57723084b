import type { ServerResponse } from 'node:http';
import type { Answer } from './answer';
import type { Delivery } from '../control/faults';

function lengthOf(answer: Answer): number | null {
	return answer.body.length;
}

function piecesOf(answer: Answer): Iterable<Buffer> {
	return Buffer.isBuffer(answer.body) ? [answer.body] : answer.body.chunks();
}

/** Resolves when there is room for more; false when the connection is gone. */
function write(response: ServerResponse, chunk: Buffer): Promise<boolean> {
	return new Promise((resolve) => {
		if (response.destroyed || response.closed) {
			resolve(false);
			return;
		}
		if (response.write(chunk)) {
			resolve(true);
			return;
		}
		const drained = () => end(true);
		const closed = () => end(false);
		const end = (open: boolean) => {
			response.off('drain', drained);
			response.off('close', closed);
			resolve(open);
		};
		response.on('drain', drained);
		response.on('close', closed);
	});
}

function writeHead(response: ServerResponse, answer: Answer, length: number | null): void {
	const given = Object.keys(answer.headers).some((name) => name.toLowerCase() === 'content-length');
	const lengthHeader = length === null || given ? {} : { 'content-length': String(length) };
	response.writeHead(answer.status, { ...answer.headers, ...lengthHeader });
}

async function sendWell(response: ServerResponse, answer: Answer, head: boolean): Promise<void> {
	writeHead(response, answer, lengthOf(answer));
	if (!head) {
		for (const piece of piecesOf(answer)) if (!(await write(response, piece))) return;
	}
	await new Promise<void>((resolve) => {
		response.on('close', resolve);
		response.end(resolve);
	});
}

/** Promises the whole body, sends half of it and breaks the connection. */
async function sendCut(response: ServerResponse, answer: Answer): Promise<void> {
	const length = lengthOf(answer) ?? 0;
	// Even an empty body has to promise a byte that never comes.
	writeHead(response, answer, Math.max(1, length));
	response.flushHeaders();
	let left = Math.floor(length / 2);
	for (const piece of piecesOf(answer)) {
		if (left <= 0 || !(await write(response, piece.subarray(0, left)))) break;
		left -= piece.length;
	}
	// Ending the socket, unlike destroying it, lets the written half arrive first.
	response.socket?.end();
}

/** Sends one byte at a time, and then blanks, which JSON allows, without ever coming to an end. */
function startDrip(response: ServerResponse, answer: Answer, intervalMs: number): void {
	writeHead(response, answer, null);
	response.flushHeaders();
	const bytes = Buffer.concat([...piecesOf(answer)]);
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

/**
 * Puts a delivery on the wire; `head`: without the body. Resolves when it was sent, or as soon as it hangs or drips.
 */
export async function deliver(
	response: ServerResponse,
	delivery: Delivery,
	head: boolean,
): Promise<void> {
	if (response.destroyed || response.closed) return;
	switch (delivery.how) {
		case 'answer':
			await sendWell(response, delivery.answer, head);
			return;
		case 'cut':
			await sendCut(response, delivery.answer);
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
