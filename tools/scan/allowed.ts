/** A finding that stays, and why. */
export interface Allowed {
	rule: string;
	/** The end of the file's path. */
	file: string;
	reason: string;
}

export const ALLOWED: readonly Allowed[] = [];
