// The slider over the changes: says what each was while it moves. An enhancement, the
// form works without it.

const REST_MS = 120;

const details = document.querySelector("details.moments");
const form = details.querySelector(".slide");
const slider = form.querySelector("input[type=range]");
const said = form.querySelector("output");
const lang = form.dataset.lang;
const number = new Intl.NumberFormat(lang, { useGrouping: "min2" });
const day = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, {
  dateStyle: "long",
  timeZone: "UTC",
});
let waiting;

const changes = async (args) => {
  const answer = await fetch(`/api/changes?${new URLSearchParams(args)}`);
  if (!answer.ok) throw new Error(answer.status);
  return answer.json();
};

const tell = async (position) => {
  const told = await changes({ after: position - 1, upto: position, lang });
  const [change] = told.changes;
  // Meanwhile it may have moved on.
  if (!change || slider.valueAsNumber !== position) return;
  const recorded = day.format(new Date(change.recorded_at));
  said.textContent = [number.format(position), recorded, change.words].join(" · ");
};

slider.addEventListener("input", () => {
  const position = slider.valueAsNumber;
  said.textContent = number.format(position);
  clearTimeout(waiting);
  // Without words the number says it.
  waiting = setTimeout(() => tell(position).catch(() => {}), REST_MS);
});

// A page at a position does not know what came later: that would change it.
const reach = async () => {
  const last = Number(slider.max);
  const { position } = await changes({ after: last, limit: 1 });
  if (position <= last) return;
  slider.max = position;
  slider.removeAttribute("list");
  form.querySelector(".ticks").hidden = true;
};

details.addEventListener("toggle", () => reach().catch(() => {}), { once: true });
