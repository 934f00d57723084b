import {
	EXAMPLES,
	foreignCredential,
	readExample,
	withCredential,
	withForeignCredentials,
} from '../harness/n8n/examples';
import { eventually } from '../harness/browser/seen';
import { useBrowserStage } from '../harness/browser/stage';

const STICKY_NOTE = 'n8n-nodes-base.stickyNote';

const stage = useBrowserStage();

test.each(EXAMPLES)('%s opens without warnings, and its note explains it', async (name) => {
	const { editor, n8n, credential } = stage;
	const example = readExample(name);
	const ids: Record<string, string> = {};
	for (const type of example.nodes.flatMap((node) => foreignCredential(node) ?? [])) {
		ids[type] ??= await n8n.api.createCredential({ name: type, type, data: {} });
	}
	const { id } = await n8n.api.createWorkflow(
		withForeignCredentials(withCredential(example, credential), ids),
	);
	await editor.openWorkflow(id);
	const shown = example.nodes.filter(({ type }) => type !== STICKY_NOTE);
	for (const node of shown) await editor.node(node.name).waitFor();
	await eventually(async () => {
		expect(await editor.byId('sticky').innerText()).toContain('How it waits:');
	});
	await stage.picture(`example-${name}`);
	expect(await editor.warnings.allInnerTexts()).toEqual([]);
	expect(await editor.toasts.allInnerTexts()).toEqual([]);
});

test('a node without a credential does show a warning, so that the tests above can fail', async () => {
	const { editor, n8n } = stage;
	const { id } = await n8n.api.createWorkflow({ ...readExample('many-images') });
	await editor.openWorkflow(id);
	await editor.warnings.first().waitFor();
});
