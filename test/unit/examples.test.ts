import { z } from 'zod';

import { estimateCredits } from '../../nodes/Kling/api/pricing';
import { EXAMPLES, readExample, withCredential } from '../harness/n8n/examples';

test('an example gets the credential in the nodes of this package, and only there', () => {
	const { nodes } = withCredential(readExample('webhook-to-video'), 'the-id');
	const credentials = nodes.map(({ name, credentials: given }) => [name, given?.aiVideoApi?.id]);
	expect(credentials).toEqual([
		['Webhook', undefined],
		['Create Video', 'the-id'],
		['Answer With the Task', undefined],
		['Answer With the Reason', undefined],
		['Kling Trigger', 'the-id'],
		['Keep What Is Needed', undefined],
		['About This Workflow', undefined],
	]);
});

test('many-images has a limit that a dozen videos stay below', () => {
	const create = readExample('many-images').nodes.find(({ name }) => name === 'Create Videos');
	const limit = z
		.object({ options: z.object({ maxCredits: z.number() }) })
		.parse(create?.parameters);
	expect(limit.options.maxCredits).toBeGreaterThanOrEqual(12 * estimateCredits(5, false));
});

describe.each(EXAMPLES)('%s', (file) => {
	const { nodes } = readExample(file);

	test('ends in something that does something', () => {
		expect(nodes.filter(({ type }) => type.endsWith('.noOp'))).toEqual([]);
	});

	test('holds no text in angle brackets, which n8n would strip from its messages', () => {
		expect(JSON.stringify(nodes)).not.toMatch(/<[a-z]/i);
	});
});
