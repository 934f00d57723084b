import { isFaultName, type Fault } from '../control/faults';
import { isApiErrorName } from './apiErrors';
import { parseSpanMs } from '../time';

/** What the `[…]` markers in a prompt ask for; spans in ms. */
export interface Markers {
	/** The task ends as failed, with this error code. */
	failCode?: string;
	/** The task completes without a video: with an empty list, or without `output`. */
	noVideo?: 'urls' | 'output';
	/** Number of videos. */
	videos: number;
	/** Total generation time, Infinity for `[stuck]`. */
	paceMs?: number;
	/** How often it is sent. */
	callbacks: number;
	/** How the first `times` downloads of this task's videos go wrong. */
	videoFault?: { kind: '404' | 'cut' | 'hang'; times: number };
	/** Strikes the first `times` creates that carry this very prompt. */
	create?: { fault: Fault; times: number };
}

const MARKER = /\[([a-z]+(?:-[a-z]+)*)(?::([^\]=]*))?(?:=([^\]]*))?\]/g;

class MarkerError extends Error {}

function integer(text: string | undefined, min: number, max: number): number {
	const value = Number(text);
	if (!Number.isInteger(value) || value < min || value > max) throw new MarkerError();
	return value;
}

function span(text: string | undefined): number {
	const value = parseSpanMs(text ?? '');
	if (value === null) throw new MarkerError();
	return value;
}

function times(text: string | undefined): number {
	return text === undefined ? Infinity : integer(text, 1, 1_000_000);
}

type Reader = (markers: Markers, argument: string | undefined, value: string | undefined) => void;

const READERS: Readonly<Record<string, Reader>> = {
	fail: (markers, code) => {
		markers.failCode = code ?? 'upstream_error';
	},
	'no-video': (markers, which = 'urls') => {
		if (which !== 'urls' && which !== 'output') throw new MarkerError();
		markers.noVideo = which;
	},
	videos: (markers, count) => {
		markers.videos = integer(count, 1, 100);
	},
	stuck: (markers) => {
		markers.paceMs = Infinity;
	},
	pace: (markers, pace) => {
		markers.paceMs = span(pace);
	},
	callback: (markers, how) => {
		if (how !== 'lost' && how !== 'twice') throw new MarkerError();
		markers.callbacks = how === 'lost' ? 0 : 2;
	},
	video: (markers, kind, value) => {
		if (kind !== '404' && kind !== 'cut' && kind !== 'hang') throw new MarkerError();
		markers.videoFault = { kind, times: times(value) };
	},
	http: (markers, argument = '', value) => {
		const http = argument === '404' ? '404-model' : argument;
		if (isApiErrorName(http)) markers.create = { fault: { http }, times: times(value) };
		else fault(markers, `http:${http}`, value);
	},
	fault,
};

function fault(markers: Markers, name = '', value?: string): void {
	if (!isFaultName(name)) throw new MarkerError();
	markers.create = { fault: name, times: times(value) };
}

/**
 * Reads the markers of a prompt; brackets with another first word are ordinary text.
 * @returns the markers, or the text of one whose value makes no sense
 */
export function readMarkers(prompt: string): Markers | { wrong: string } {
	const markers: Markers = { videos: 1, callbacks: 1 };
	for (const [whole, name = '', argument, value] of prompt.matchAll(MARKER)) {
		const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
		try {
			read?.(markers, argument, value);
		} catch (error) {
			if (error instanceof MarkerError) return { wrong: whole };
			throw error;
		}
	}
	return markers;
}
