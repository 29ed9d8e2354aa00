// Small pieces that all parts of the page are made of.

export const at = (id) => document.getElementById(id);

// Make an element; text is always set as text, so that no history can become markup.
export function make(tag, { text, on, ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null) made.setAttribute(name, value);
  }
  for (const [event, listener] of Object.entries(on ?? {})) made.addEventListener(event, listener);
  made.append(...children.filter((child) => child !== null));
  return made;
}

export function notice(error) {
  const shown = at("notice");
  shown.hidden = !error;
  shown.textContent = error ? (error.message ?? String(error)) : "";
}

// Do something that takes time: the button waits, and what goes wrong is said.
export async function busy(button, work) {
  button.disabled = true;
  notice(null);
  try {
    return await work();
  } catch (error) {
    notice(error);
    return undefined;
  } finally {
    button.disabled = false;
  }
}

export function ago(time) {
  const seconds = (Date.now() - new Date(time)) / 1000;
  const units = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const [unit, length] = units.find(([, least]) => seconds >= least) ?? ["second", 1];
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  return words.format(-Math.round(seconds / length), unit);
}

export const day = (time) => (time ? new Date(time).toISOString().slice(0, 10) : "no date");

export const count = (number, singular, plural = `${singular}s`) => `${number} ${number === 1 ? singular : plural}`;

export const percent = (part) => `${Math.round(100 * part)} %`;

export function cost(spent) {
  const cached = spent.cached_tokens ? `, ${spent.cached_tokens} of them cached` : "";
  return `${count(spent.calls, "call")}, ${spent.input_tokens} tokens in${cached}, ` +
    `${spent.output_tokens} out, ${spent.seconds.toFixed(1)} s`;
}
