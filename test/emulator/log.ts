import { clock } from './time';

export type Logger = (message: string) => void;

/** A logger that puts the time of day before each line. */
export function timedLogger(write: ((line: string) => void) | undefined): Logger {
	if (write === undefined) return () => undefined;
	return (message) => write(`${clock(new Date())} ${message}`);
}

/** `5 s sound off` */
export function describeVideo(duration: number, sound: boolean): string {
	return `${duration} s sound ${sound ? 'on' : 'off'}`;
}
