import type { Locator, Page } from 'playwright-core';

import type { Owner } from '../n8n/api';
import { until } from '../n8n/stage';

/** Generous: a laden machine draws the editor slowly, and a test ends as soon as it sees enough. */
const PATIENCE_MS = 60_000;
export const VIEWPORT = { width: 1440, height: 900 } as const;

/** How the output panel shows its items. */
export type View = 'schema' | 'table' | 'json' | 'binary';

/** n8n's editor in a browser tab, as a person uses it. */
export class Editor {
	/** The parameters of the open panel. */
	readonly parameters: Locator;
	readonly output: Locator;
	/** The boxes with a coloured edge among the parameters. */
	readonly notices: Locator;
	/** What the list of nodes shows: names of nodes or of actions. */
	readonly listed: Locator;
	/** The messages in the corner. */
	readonly toasts: Locator;
	/** The signs on nodes of the canvas that something about them is not right yet. */
	readonly warnings: Locator;

	constructor(
		readonly page: Page,
		private readonly url: string,
	) {
		page.setDefaultTimeout(PATIENCE_MS);
		this.parameters = this.byId('node-parameters');
		this.output = this.byId('output-panel');
		this.notices = this.parameters.locator('.notice');
		this.listed = this.byId('node-creator-item-name');
		this.toasts = page.locator('.el-notification');
		this.warnings = this.byId('canvas-node').locator('[data-test-id="node-issues"]');
	}

	byId(id: string): Locator {
		return this.page.locator(`[data-test-id="${id}"]`);
	}

	async signIn({ email, password }: Owner): Promise<void> {
		// A first-run tip lies over the canvas as soon as there is a node on it.
		const tip = this.page.getByRole('button', { name: 'Got it' });
		await this.page.addLocatorHandler(tip, async () => await tip.click());
		await this.page.goto(`${this.url}/signin`);
		await this.page.getByLabel('Email').fill(email);
		await this.page.locator('input[type=password]').fill(password);
		await this.page.getByRole('button', { name: 'Sign in' }).click();
		await this.page.waitForURL(/\/home/);
	}

	/** Opens an empty workflow. */
	async newWorkflow(): Promise<void> {
		await this.page.goto(`${this.url}/workflow/new`);
		await this.byId('canvas-add-button').waitFor();
	}

	/** Opens a stored workflow with all its nodes in sight. */
	async openWorkflow(id: string): Promise<void> {
		await this.page.goto(`${this.url}/workflow/${id}`);
		await this.byId('canvas-node').first().waitFor();
		await this.byId('zoom-to-fit').click();
	}

	/** Opens the list of nodes. */
	async openNodeCreator(): Promise<void> {
		await this.byId('node-creator-plus-button').click();
		await this.byId('node-creator-search-bar').waitFor();
	}

	/** Opens the list of tools of an AI Agent: the last of its sub-nodes. */
	async openToolCreator(agent: string): Promise<void> {
		await this.node(agent).locator('[data-test-id="canvas-handle-plus"]').last().click();
		await this.byId('node-creator-search-bar').waitFor();
	}

	/** Types into the search field of the list of nodes. */
	async searchNodes(text: string): Promise<void> {
		await this.byId('node-creator-search-bar').fill(text);
	}

	node(name: string): Locator {
		return this.page.locator(`[data-test-id="canvas-node"][data-node-name="${name}"]`);
	}

	/** Opens the panel of a node. */
	async openNode(name: string): Promise<void> {
		await this.node(name).dblclick();
		await this.byId('ndv').waitFor();
		await this.parameters.waitFor();
	}

	async closeNode(): Promise<void> {
		await this.byId('ndv-close-button').click();
		await this.byId('ndv').waitFor({ state: 'hidden' });
	}

	/** The labels of the parameters that the open panel shows, from top to bottom. */
	async labels(): Promise<string[]> {
		const texts = await this.parameters.locator('label[for]:visible').allInnerTexts();
		return texts.map((text) => text.split('\n')[0] ?? '');
	}

	input(parameter: string): Locator {
		return this.byId(`parameter-input-${parameter}`);
	}

	/** Writes into a text field. */
	async fill(parameter: string, text: string): Promise<void> {
		await this.input(parameter).locator('input, textarea').first().fill(text);
	}

	/** Opens the list of a parameter and gives the names in it. */
	async openList(parameter: string): Promise<Locator> {
		await this.input(parameter).locator('input').click();
		return this.page.locator('[role="option"]:visible .option-headline');
	}

	/** Chooses an option of a list. */
	async choose(parameter: string, option: string): Promise<void> {
		const options = await this.openList(parameter);
		await options.getByText(option, { exact: true }).click();
		await options.first().waitFor({ state: 'hidden' });
	}

	/** Flips a switch. */
	async flip(parameter: string): Promise<void> {
		await this.input(parameter).locator('.el-switch').click();
	}

	/** Runs the node of the open panel, and what comes before it. */
	async executeStep(): Promise<void> {
		await this.byId('node-execute-button').click();
	}

	/** Shows the output in another way. */
	async show(view: View): Promise<void> {
		await this.output.locator(`[data-test-id="radio-button-${view}"]`).click();
	}

	/** A property of what a locator finds, as text. */
	async property(locator: Locator, name: string): Promise<string> {
		return await locator.evaluate(
			(element: object, key: string) => String(Reflect.get(element, key)),
			name,
		);
	}

	/** Closes the messages in the corner. */
	async dismissToasts(): Promise<void> {
		// One that fades out makes room for the next, so which is the first changes at any moment.
		await until(async () => {
			if ((await this.toasts.count()) === 0) return true;
			const close = this.toasts.first().locator('.el-notification__closeBtn');
			await close.click({ timeout: 1_000 }).catch(() => undefined);
			return undefined;
		});
	}

	/** Clicks elsewhere: lists, and previews of expressions, lie over the fields below them. */
	async leaveField(): Promise<void> {
		await this.byId('tab-params').click();
	}
}
