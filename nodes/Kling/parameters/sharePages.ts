/**
 * Pages that show a file to people. The API fetches what stands at an address, and there it is a web
 * page and no image.
 */

/** Where the file itself is: at another address, at this one, or at none that can be told from it. */
type Whereabouts = URL | 'here' | 'unknown';

const withParameter = (url: URL, name: string, value: string): Whereabouts => {
	if (url.searchParams.get(name) === value) return 'here';
	const direct = new URL(url);
	direct.searchParams.set(name, value);
	return direct;
};

const withPath = (url: URL, from: RegExp, to: string): URL | 'here' => {
	if (!from.test(url.pathname)) return 'here';
	const direct = new URL(url);
	direct.pathname = url.pathname.replace(from, to);
	return direct;
};

/** By the host, the first that fits; GitLab is at home on any. */
const SERVICES: ReadonlyArray<readonly [host: RegExp, find: (url: URL) => Whereabouts]> = [
	[/^(drive|docs)\.google\.com$/, inGoogleDrive],
	[/^(photos\.google\.com|photos\.app\.goo\.gl)$/, () => 'unknown'],
	[/^((www|m)\.)?dropbox\.com$/, inDropbox],
	[/^1drv\.ms$/, () => 'unknown'],
	[/^onedrive\.live\.com$/, ({ pathname }) => (pathname === '/download' ? 'here' : 'unknown')],
	[/\.sharepoint\.com$/, inSharePoint],
	[/^(www\.)?github\.com$/, inGitHub],
	[/^bitbucket\.org$/, (url) => withPath(url, /^(\/[^/]+\/[^/]+)\/src\//, '$1/raw/')],
	[/^huggingface\.co$/, (url) => withPath(url, /\/blob\//, '/resolve/')],
	[
		/^(codeberg\.org|gitea\.com)$/,
		(url) => withPath(url, /\/src\/(branch|tag|commit)\//, '/raw/$1/'),
	],
	[/./, (url) => withPath(url, /\/-\/blob\//, '/-/raw/')],
];

/** How to get the file's own address, where this is the address of a page that shows it; else null. */
export function sharePageHint(url: URL): string | null {
	const service = SERVICES.find(([host]) => host.test(url.hostname));
	const found = service?.[1](url) ?? 'here';
	if (found === 'here') return null;
	const download = 'download it first with the node of that service, and set Image Source to File.';
	if (found === 'unknown') return `The file has no address of its own there: ${download}`;
	return `Share the file with anyone who has the link, and give its direct address: ${found.href}. Or ${download}`;
}

function inGoogleDrive({ pathname, searchParams }: URL): Whereabouts {
	// What Google Drive serves files from.
	if (/^(\/u\/\d+)?\/(uc|thumbnail)/.test(pathname)) return 'here';
	const id = /\/d\/([\w-]+)/.exec(pathname)?.[1] ?? searchParams.get('id');
	return id === null
		? 'unknown'
		: new URL(`https://drive.google.com/uc?export=download&id=${encodeURIComponent(id)}`);
}

function inDropbox(url: URL): Whereabouts {
	const isFolder = /^\/(sh|scl\/fo)\//.test(url.pathname);
	if (isFolder) return 'unknown';
	if (url.searchParams.get('dl') === '1') return 'here';
	const page = new URL(url);
	page.searchParams.delete('dl');
	return withParameter(page, 'raw', '1');
}

function inGitHub(url: URL): Whereabouts {
	if (url.searchParams.get('raw') === 'true') return 'here';
	const raw = withPath(url, /^(\/[^/]+\/[^/]+)\/blob\//, '$1/');
	if (raw !== 'here') raw.hostname = 'raw.githubusercontent.com';
	return raw;
}

function inSharePoint(url: URL): Whereabouts {
	// Its own viewers, of OneDrive and of a library.
	if (/\/_layouts\/\d+\/onedrive\.aspx$|\/Forms\/[^/]+\.aspx$/i.test(url.pathname))
		return 'unknown';
	const isShared = /^\/:\w:\//.test(url.pathname);
	return isShared ? withParameter(url, 'download', '1') : 'here';
}
