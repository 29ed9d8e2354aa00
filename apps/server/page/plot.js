// How the profile grew: its sentences as bars, and how sure they are as a line.

import { at, count, day, percent } from "./parts.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 640, HEIGHT = 240, LEFT = 34, RIGHT = 46, TOP = 16, BOTTOM = 30;

function draw(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

export function plot(profiles) {
  const shown = at("plot");
  shown.replaceChildren();
  shown.toggleAttribute("hidden", !profiles.length);
  if (!profiles.length) {
    at("plot-title").textContent = "Nothing to show yet: the first version is the first point.";
    return;
  }
  const points = profiles.map((profile) => {
    const used = profile.sentences.filter((sentence) => sentence.pinned || sentence.evidence.length);
    const sure = used.map((sentence) => (sentence.pinned ? 1 : sentence.confidence));
    return {
      version: profile.version,
      made: profile.created,
      used: used.length,
      sure: sure.length ? sure.reduce((sum, value) => sum + value, 0) / sure.length : 0,
    };
  });
  const most = Math.max(4, ...points.map((point) => point.used));
  const step = (WIDTH - LEFT - RIGHT) / points.length;
  const x = (index) => LEFT + step * (index + 0.5);
  const y = (part) => TOP + (1 - part) * (HEIGHT - TOP - BOTTOM);
  for (const part of [0, 0.5, 1]) {
    shown.append(
      draw("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(part), y2: y(part) }),
      draw("text", { x: LEFT - 6, y: y(part) + 4, "text-anchor": "end" }, Math.round(most * part)),
      draw("text", { x: WIDTH - RIGHT + 6, y: y(part) + 4 }, percent(part)));
  }
  const wide = Math.min(44, step * 0.6);
  points.forEach((point, index) => {
    const top = y(point.used / most);
    const bar = draw("rect", {
      class: "count", x: x(index) - wide / 2, y: top, width: wide, height: y(0) - top, rx: 3,
    });
    bar.append(draw("title", {}, `version ${point.version}, ${day(point.made)}: ` +
      `${count(point.used, "sentence")}, confidence ${percent(point.sure)}`));
    shown.append(bar);
    if (points.length <= 12 || index % Math.ceil(points.length / 12) === 0) {
      shown.append(draw("text", { x: x(index), y: HEIGHT - 10, "text-anchor": "middle" }, point.version));
    }
  });
  const line = points.map((point, index) => `${x(index)},${y(point.sure)}`).join(" ");
  shown.append(draw("polyline", { class: "sure", points: line }));
  points.forEach((point, index) => {
    shown.append(draw("circle", { class: "dot", cx: x(index), cy: y(point.sure), r: 4 }));
  });
  const last = points.at(-1);
  at("plot-title").textContent = "Bars: sentences in use (left). Line: their mean confidence (right). " +
    `Now, at version ${last.version}: ${count(last.used, "sentence")}, ${percent(last.sure)}.`;
}
