// Pictures, albums, stickers and files inside a bubble. Sizes are reserved before anything loads.

import { fileUrl } from "./api.js";
import { el, fileSize, icon } from "./dom.js";
import { fileOf } from "./describe.js";

const PHOTO_BOX = { width: 340, height: 420 }; // CSS pixels a single photo may take
const NARROWEST = 150;

const largest = (sizes) => sizes.reduce((best, size) => (size.width > best.width ? size : best));

/** The smallest size that still looks sharp at `width` CSS pixels, else the largest. */
function sharpEnough(sizes, width) {
  const wanted = width * Math.min(window.devicePixelRatio || 1, 2);
  const enough = sizes.filter((size) => size.width >= wanted);
  return enough.length ? enough.reduce((best, size) => (size.width < best.width ? size : best)) : largest(sizes);
}

/** Where the largest version of a message's photo is: `{url, width, height}`. */
export function fullPhoto(message) {
  const size = largest(message.photo);
  return { url: fileUrl(message, size.file_id), width: size.width, height: size.height };
}

/** Whether a message's file is a picture that browsers show. */
export const isPictureFile = (file) => /^image\/(png|jpeg|webp|gif|avif|bmp)$/.test(file.mime_type ?? "");

const alt = (message) => message.caption ? `Photo: ${message.caption.slice(0, 80)}` : "Photo";

function tile(message, width, onOpen) {
  const size = sharpEnough(message.photo, width);
  const image = el("img", {
    src: fileUrl(message, size.file_id), alt: alt(message), width: size.width, height: size.height,
    decoding: "async", draggable: "false",
  });
  return el("button", {
    type: "button", class: "photo", "aria-label": `${alt(message)}. Open in full size`,
    "data-message": message.message_id, onclick: () => onOpen(message),
  }, image);
}

/** One photo in its own shape, within the box. */
export function photo(message, onOpen) {
  const { width, height } = largest(message.photo);
  const scale = Math.min(PHOTO_BOX.width / width, PHOTO_BOX.height / height);
  const shown = Math.max(NARROWEST, Math.round(width * scale));
  const button = tile(message, shown, onOpen);
  button.style.width = `${shown}px`;
  // Very long pictures are cropped to a shape that fits a bubble; the lightbox shows all.
  button.style.aspectRatio = String(Math.min(3, Math.max(0.55, width / height)));
  return button;
}

const ROWS = { 1: [1], 2: [2], 3: [1, 2], 4: [2, 2], 5: [2, 3], 6: [3, 3], 7: [2, 2, 3], 8: [2, 3, 3], 9: [3, 3, 3], 10: [2, 2, 3, 3] };

/** Two to ten photos as a grid of rows. */
export function album(messages, onOpen) {
  const grid = el("div", { class: "album" });
  const rows = ROWS[messages.length] ?? Array(Math.ceil(messages.length / 3)).fill(3);
  let next = 0;
  for (const count of rows) {
    for (const message of messages.slice(next, next + count)) {
      const button = tile(message, PHOTO_BOX.width / count, onOpen);
      button.style.gridColumn = `span ${6 / count}`;
      button.style.aspectRatio = { 1: "16 / 10", 2: "4 / 5", 3: "1" }[count];
      if (count === 2 && rows.length > 1) button.style.aspectRatio = "1";
      grid.append(button);
    }
    next += count;
  }
  return grid;
}

/** A sticker has no bubble of its own. */
export function sticker(message) {
  const { file_id: id, emoji, width, height } = message.sticker;
  return el("img", { class: "sticker", src: fileUrl(message, id), alt: `Sticker ${emoji ?? ""}`, width, height });
}

/** A file: its thumbnail if it is a picture, name, size; a press downloads it. */
export function fileCard(message) {
  const file = fileOf(message);
  const url = fileUrl(message, file.file_id);
  const name = file.file_name ?? "file";
  const thumbnail = file.thumbnail ? fileUrl(message, file.thumbnail.file_id) : isPictureFile(file) && url;
  const face = el("span", { class: "file-face" }, icon("file"));
  if (thumbnail) {
    const image = el("img", { src: thumbnail, alt: "", loading: "lazy", onerror: () => image.replaceWith(icon("file")) });
    face.replaceChildren(image);
    face.classList.add("thumbnail");
  }
  const about = el("span", { class: "file-about" },
    el("span", { class: "file-name" }, name),
    el("span", { class: "file-size" }, [file.file_size && fileSize(file.file_size), kind(file)].filter(Boolean).join(" · ")));
  return el("a", {
    class: "file", href: url, download: name, "data-message": message.message_id, "aria-label": `Download ${name}`,
  }, face, about, el("span", { class: "file-get" }, icon("download")));
}

const kind = (file) => (file.mime_type ?? "").split("/").pop().toUpperCase().slice(0, 12);
