import type { PlantedFault } from '../fault';

export const IN_IMAGES: readonly PlantedFault[] = [
	{
		file: 'images/checkImages.ts',
		find: 'status === 404 || status === 410',
		replace: 'status === 404',
		breaks: 'an image that is gone for good refuses its item',
		noticedBy: 'node/images: Check Images',
	},
	{
		file: 'images/checkImages.ts',
		find: 'status === 206 ? range : ',
		replace: '',
		breaks: 'a part of a large image does not pass for a small image',
		noticedBy: 'unit/media: the size of the whole file',
	},
	{
		file: 'images/imageType.ts',
		find: " && text.slice(8, 12) === 'WEBP'",
		replace: '',
		breaks: 'a sound file (RIFF, too) is no image',
		noticedBy: 'unit/media: the type of an image',
	},
	{
		file: 'images/itemImages.ts',
		find: 'createBinarySignedUrl(copy,',
		replace: 'createBinarySignedUrl(file,',
		breaks: 'the signed address of an uploaded file outlives the execution',
		onlyInN8n: 'n8n itself moves the file when the execution ends: test/n8n/media.test.ts',
	},
	{
		file: 'images/itemImages.ts',
		find: "id.slice(id.lastIndexOf('/') + 1)",
		replace: 'id',
		breaks: 'a file that n8n has moved is the same image at the next try',
		noticedBy: 'node/images: that n8n has moved meanwhile',
	},
];
