/**
 * Faults to plant in the shipped code, one at a time: each must fail a test of the suites `unit` or
 * `node` (`npm run mutate`).
 */
export interface PlantedFault {
	/** Below nodes/Kling/. */
	file: string;
	/** The text that is replaced; it stands in the file once. */
	find: string;
	replace: string;
	/** What no longer holds then. */
	breaks: string;
	/**
	 * The test that is known to notice, which is run first: its file below test/ and, where that takes
	 * long, a part of its name, such as `unit/asleep: is given up`.
	 */
	noticedBy?: string;
	/** Why only a real n8n can notice, and which of its tests does; such a fault is not run. */
	onlyInN8n?: string;
}
