import { z } from 'zod';

/** Stands for what only the owner of the package can know: an address that can never exist. */
export const PLACEHOLDER = 'example.invalid';

export const manifestSchema = z.object({
	name: z.string(),
	version: z.string(),
	homepage: z.string(),
	author: z.object({ name: z.string(), email: z.string() }),
	repository: z.object({ url: z.string() }),
});

/** What a release is made of. */
export interface Release {
	manifest: z.infer<typeof manifestSchema>;
	changelog: string;
	/** The tags of the repository. */
	tags: readonly string[];
	/** The text of each file that is published or scanned, by its path. */
	files: ReadonlyMap<string, string>;
}

/** One thing that is missing, and how to fill it in. */
export interface Missing {
	what: string;
	how: string;
}

/** What nobody can look up from here: to be done once, by hand. */
export const BY_HAND: readonly Missing[] = [
	{
		what: 'The first publication at npm',
		how: 'npm knows trusted publishers only for packages that exist. Make a granular token for npm, store it in the repository as the secret NPM_TOKEN, and push the tag. Then delete the token',
	},
	{
		what: 'The trusted publisher at npm',
		how: 'npmjs.com → the package → Settings → Trusted Publisher → GitHub Actions: this repository, workflow release.yml. From then on no token is needed',
	},
	{
		what: 'The verification by n8n',
		how: 'hand the published package in as https://docs.n8n.io/connect/create-nodes/deploy-your-node/submit-community-nodes says; n8n Cloud installs verified nodes only',
	},
];

/** All that keeps this release from being published; nothing when it may go out. */
export function missingFrom({ manifest, changelog, tags, files }: Release): Missing[] {
	const { author, homepage, repository, version } = manifest;
	const isGiven = (text: string) => !text.includes(PLACEHOLDER);
	const isAddress = (text: string) => isGiven(text) && /^(git\+)?https:\/\//.test(text);
	const checks: Array<[isThere: boolean, what: string, how: string]> = [
		[
			isGiven(author.email) && /^\S+@\S+\.\S+$/.test(author.email),
			'The author',
			'package.json, “author”: a name, and an email address that is read. Reports of security problems go there',
		],
		[
			isAddress(repository.url),
			'The repository',
			'package.json, “repository.url”: git+https://github.com/OWNER/NAME.git. npm makes the links and pictures of the README from it',
		],
		[
			isAddress(homepage),
			'The homepage',
			'package.json, “homepage”: https://github.com/OWNER/NAME#readme',
		],
		[
			/^\d+\.\d+\.\d+$/.test(version),
			'The version',
			'package.json, “version”: three numbers, such as 0.1.0',
		],
		[
			!tags.includes(`v${version}`),
			'A new version',
			`package.json, “version”: there is a tag v${version} already, so raise it`,
		],
		[
			/^## (.*)$/m.exec(changelog)?.[1] === version,
			'The changelog',
			`CHANGELOG.md: the first heading is to be “## ${version}”, with what users notice below`,
		],
	];
	const dead = [...files].flatMap(([path, text]) =>
		// The fields of package.json have lines of their own above.
		text.includes(PLACEHOLDER) && !path.endsWith('package.json') ? path : [],
	);
	checks.push([
		dead.length === 0,
		'Links that work',
		`an address with ${PLACEHOLDER} is in ${dead.join(', ')}`,
	]);
	return checks.flatMap(([isThere, what, how]) => (isThere ? [] : { what, how }));
}

/** The list as it is printed. */
export function toList(found: readonly Missing[]): string {
	return found.map(({ what, how }) => `  • ${what}\n    ${how}.`).join('\n');
}
