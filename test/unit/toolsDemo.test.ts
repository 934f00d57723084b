import { demoOptions, type Surroundings } from '../../tools/demo/options';

const IMAGE = 'https://example.com/cat.jpg';

function options(args: string[], around: Partial<Surroundings> = {}) {
	return demoOptions(args, { apiKey: 'sk-test', interactive: true, ...around });
}

describe('options', () => {
	test.each([
		['an unknown option', ['--fast'], {}, "Unknown option '--fast': the demo knows --once"],
		['a flag with a value', ['--once=1'], {}, "Option '--once' does not take an argument"],
		['a missing value', ['--port'], {}, "Option '--port <value>' argument missing"],
		['a word', ['fast'], {}, "Unexpected argument 'fast'"],
		['a port that is none', ['--port', '0'], {}, '“0” is not'],
		['a port that is too high', ['--port', '65536'], {}, '“65536” is not'],
		['an image that is no address', ['--image', 'cat.jpg'], {}, '“cat.jpg” is not'],
		['an image on this machine', ['--live', '--image', 'http://127.0.0.1/a.png'], {}, 'public'],
		['no image', ['--live'], {}, '--live needs --image'],
		['no key', ['--live', '--image', IMAGE], { apiKey: undefined }, 'AIVIDEOAPI_KEY'],
		['an empty key', ['--live', '--image', IMAGE], { apiKey: ' ' }, 'AIVIDEOAPI_KEY'],
		['not a key', ['--live', '--image', IMAGE], { apiKey: 'hello' }, 'sk-'],
		['nobody to ask', ['--live', '--image', IMAGE], { interactive: false }, '--yes'],
		['a base URL that is none', [], { baseUrl: 'api' }, 'AIVIDEOAPI_BASE_URL'],
	])('%s is refused in one sentence', (_, args, around, expected) => {
		let message = '';
		try {
			options(args, around);
		} catch (error) {
			message = error instanceof Error ? error.message : '';
		}
		expect(message).toContain(expected);
		expect(message.match(/\.(?=\s|$)/g)).toHaveLength(1);
	});
});
