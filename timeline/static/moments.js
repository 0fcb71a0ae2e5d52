// The slider over the changes: says what each was while it moves. An enhancement, the
// form works without it.

const REST_MS = 120;

// Asked for each time: the picture brings the form of another list.
const within = (query) => document.querySelector(`details.moments .slide ${query}`);
const lang = document.querySelector("details.moments .slide").dataset.lang;
// Made when they are needed: the first one takes long.
let made;
const formats = () =>
  (made ??= {
    number: new Intl.NumberFormat(lang, { useGrouping: "min2" }),
    day: new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, {
      dateStyle: "long",
      timeZone: "UTC",
    }),
  });
let waiting;

const changes = async (args) => {
  const answer = await fetch(`/api/changes?${new URLSearchParams(args)}`);
  if (!answer.ok) throw new Error(answer.status);
  return answer.json();
};

const tell = async (slider, said) => {
  const position = slider.valueAsNumber;
  const told = await changes({ after: position - 1, upto: position, lang });
  const [change] = told.changes;
  // Meanwhile it may have moved on.
  if (!change || slider.valueAsNumber !== position) return;
  const { number, day } = formats();
  const recorded = day.format(new Date(change.recorded_at));
  said.textContent = [number.format(position), recorded, change.words].join(" · ");
};

document.addEventListener("input", ({ target }) => {
  if (target !== within("input[type=range]")) return;
  const said = within("output");
  said.textContent = formats().number.format(target.valueAsNumber);
  clearTimeout(waiting);
  // Without words the number says it.
  waiting = setTimeout(() => tell(target, said).catch(() => {}), REST_MS);
});

// A page at a position does not know what came later: that would change it.
const reach = async () => {
  const slider = within("input[type=range]");
  const last = Number(slider.max);
  const { position } = await changes({ after: last, limit: 1 });
  if (position <= last) return;
  slider.max = position;
  slider.removeAttribute("list");
  within(".ticks").hidden = true;
};

// It does not bubble.
document.addEventListener(
  "toggle",
  ({ target }) => {
    if (target.matches("details.moments[open]")) reach().catch(() => {});
  },
  { capture: true },
);
