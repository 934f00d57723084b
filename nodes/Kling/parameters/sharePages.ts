/**
 * Pages that show a file to people, by their address without scheme, and the address of the file itself:
 * `$&` where it is this one, null where there is none. The first that fits counts.
 */
const PAGES: ReadonlyArray<readonly [page: RegExp, file: string | null]> = [
	[/^(drive|docs)\.google\.com(\/u\/\d+)?\/(uc|thumbnail)/, '$&'],
	[
		/^(drive|docs)\.google\.com.*?(\/d\/|[?&]id=)([\w-]+).*/,
		'drive.google.com/uc?export=download&id=$3',
	],
	[/^(drive|docs)\.google\.com\//, null],
	[/^photos\.(google\.com|app\.goo\.gl)\//, null],
	[/^((www|m)\.)?dropbox\.com\/(sh|scl\/fo)\//, null],
	[/^((www|m)\.)?dropbox\.com\/.*[?&](raw|dl)=1/, '$&'],
	[/^(((www|m)\.)?dropbox\.com\/.*[?&])dl=\w*/, '$1raw=1'],
	[/^((www|m)\.)?dropbox\.com\/[^?]*$/, '$&?raw=1'],
	[/^((www|m)\.)?dropbox\.com\/.*/, '$&&raw=1'],
	[/^1drv\.ms\//, null],
	[/^onedrive\.live\.com\/(?!download(\?|$))/, null],
	// Its own viewers, of OneDrive and of a library.
	[/^[\w-]+\.sharepoint\.com[^?]*\/(_layouts\/\d+\/onedrive|Forms\/[^/?]+)\.aspx(\?|$)/i, null],
	[/^[\w-]+\.sharepoint\.com\/:\w:\/.*[?&]download=1/, '$&'],
	[/^[\w-]+\.sharepoint\.com\/:\w:\/[^?]*$/, '$&?download=1'],
	[/^[\w-]+\.sharepoint\.com\/:\w:\/.*/, '$&&download=1'],
	[/^(www\.)?github\.com\/.*[?&]raw=true/, '$&'],
	[/^(www\.)?github\.com\/([^/]+\/[^/]+)\/blob\//, 'raw.githubusercontent.com/$2/'],
	[/^(bitbucket\.org\/[^/]+\/[^/]+)\/src\//, '$1/raw/'],
	[/^(huggingface\.co\/[^?]*?)\/blob\//, '$1/resolve/'],
	[/^((codeberg\.org|gitea\.com)\/[^?]*?)\/src\/(branch|tag|commit)\//, '$1/raw/$3/'],
	// GitLab is at home on any host.
	[/^([^?]*?)\/-\/blob\//, '$1/-/raw/'],
];

/** How to get the file's own address, where this is the address of a page that shows it; else null. */
export function sharePageHint({ protocol, host, pathname, search }: URL): string | null {
	const address = `${host}${pathname}${search}`;
	const found = PAGES.find(([page]) => page.test(address));
	if (found === undefined) return null;
	const [page, file] = found;
	const download = 'download it first with the node of that service, and set Image Source to File.';
	if (file === null) return `The file has no address of its own there: ${download}`;
	const direct = address.replace(page, file);
	if (direct === address) return null;
	return `Share the file with anyone who has the link, and give its direct address: ${protocol}//${direct}. Or ${download}`;
}
