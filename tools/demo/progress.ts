/** `75` → `1 min 15 s`. */
export function duration(seconds: number): string {
	const whole = Math.max(0, Math.round(seconds));
	const minutes = Math.floor(whole / 60);
	return minutes === 0 ? `${whole} s` : `${minutes} min ${whole % 60} s`;
}

/** `1536` → `1.5 kB`. */
export function fileSize(bytes: number): string {
	if (bytes < 1000) return `${bytes} bytes`;
	const [value, unit] = bytes < 1e6 ? [bytes / 1e3, 'kB'] : [bytes / 1e6, 'MB'];
	return `${value.toFixed(1)} ${unit}`;
}

/** The one line that says how far a task is. */
export function progressLine(state: string, seconds: number, balance: number): string {
	return `${state.padEnd(10)} ${duration(seconds).padStart(11)}   balance ${balance} credits`;
}

/** Where a line goes: a terminal can show one that changes, anything else gets each as it is. */
export interface Output {
	isTTY?: boolean;
	write(text: string): unknown;
}

const PLAIN_EVERY_S = 10;

/** Shows steps and, below them, one line that changes. */
export class Progress {
	private changing = false;
	private shownState = '';
	private shownAt = -Infinity;

	constructor(private readonly out: Output) {}

	step(text: string): void {
		this.line(`▸ ${text}`);
	}

	detail(text: string): void {
		this.line(`  ${text}`);
	}

	task(state: string, seconds: number, balance: number): void {
		const text = `  ${progressLine(state, seconds, balance)}`;
		if (this.out.isTTY === true) {
			this.out.write(`\r\u001b[2K${text}`);
			this.changing = true;
		} else if (state !== this.shownState || seconds - this.shownAt >= PLAIN_EVERY_S) {
			this.line(text);
			this.shownState = state;
			this.shownAt = seconds;
		}
	}

	/** Leaves the changing line as it is and goes on below it. */
	settle(): void {
		if (this.changing) this.out.write('\n');
		this.changing = false;
	}

	private line(text: string): void {
		this.settle();
		this.out.write(`${text}\n`);
	}
}
