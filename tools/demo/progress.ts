/** `75` → `1 min 15 s`. */
export function duration(seconds: number): string {
	const whole = Math.max(0, Math.round(seconds));
	return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
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
		const time = duration(seconds).padStart(11);
		const text = `${state.padEnd(10)} ${time}   balance ${balance} credits`;
		if (this.out.isTTY === true) {
			this.out.write(`\r\u001b[2K  ${text}`);
			this.changing = true;
		} else if (state !== this.shownState || seconds - this.shownAt >= PLAIN_EVERY_S) {
			this.detail(text);
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
