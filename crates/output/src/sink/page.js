(() => {
  const form = document.querySelector('form');
  const events = [...document.querySelectorAll('.event')];
  const shown = document.getElementById('shown');
  const fold = (text) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const texts = events.map((event) => fold(event.textContent));
  for (const name of ['type', 'grading']) {
    const counts = new Map();
    for (const event of events) counts.set(event.dataset[name], (counts.get(event.dataset[name]) || 0) + 1);
    for (const value of [...counts.keys()].filter(Boolean).sort()) {
      form[name].add(new Option(`${value.replaceAll('_', ' ')} (${counts.get(value)})`, value));
    }
  }
  const filter = () => {
    const words = fold(form.words.value).split(/\s+/).filter(Boolean);
    let count = 0;
    events.forEach((event, at) => {
      const fits = words.every((word) => texts[at].includes(word))
        && (!form.type.value || event.dataset.type === form.type.value)
        && (!form.grading.value || event.dataset.grading === form.grading.value);
      event.hidden = !fits;
      count += fits;
    });
    shown.textContent = `${count} of ${events.length}`;
  };
  form.addEventListener('input', filter);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.classList.add('live');
  filter();
})();
