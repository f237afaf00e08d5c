"use strict";
const $ = (id) => document.getElementById(id);
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5a5a5a"];
const DAY = 86400000;
let data, charts = {}, tables = {};

// ---- data ----------------------------------------------------------------------------------------

async function unpack(text) {
  const found = JSON.parse(text);
  const deflated = Uint8Array.from(atob(found.columns.base64), (c) => c.charCodeAt(0));
  const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = await new Response(stream).arrayBuffer();
  let at = 0;
  for (const { name, bytes: width, length } of found.columns.heads) {
    const part = bytes.slice(at, (at += width * length));
    found[name] = width === 1 ? new Uint8Array(part) : new Uint16Array(part);
  }
  // Whose session, in which session a line: written once for each, repeated here.
  found.sessionUser = repeat(found.userSessions, Uint32Array, found.sessionDay.length);
  found.lineSession = repeat(found.sessionLines, Uint32Array, found.lineProduct.length);
  found.first = Date.parse(found.start);
  const months = [];
  for (let day = 0; day < found.days; day++) {
    const date = new Date(found.first + day * DAY);
    months.push(date.getUTCFullYear() * 12 + date.getUTCMonth());
  }
  found.month = months.map((month) => month - months[0]);
  found.monthNames = [...new Set(months)].map((m) => `${Math.floor(m / 12)}-${String((m % 12) + 1).padStart(2, "0")}`);
  return found;
}

function repeat(counts, Kind, length) {
  const all = new Kind(length);
  let at = 0;
  counts.forEach((count, place) => all.fill(place, at, (at += count)));
  return all;
}

const isoDay = (day) => new Date(data.first + day * DAY).toISOString().slice(0, 10);

// ---- filters -------------------------------------------------------------------------------------

function boxes(id, names) {
  $(id).querySelectorAll("label").forEach((label) => label.remove());
  names.forEach((name, place) => {
    const label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: true, value: place });
    box.defaultChecked = true;
    label.append(box, name);
    $(id).append(label);
  });
}

const chosen = (id) => [...$(id).querySelectorAll("input:checked")].map((box) => Number(box.value));

function readFilters() {
  const day = (id) => Math.round((Date.parse($(id).value) - data.first) / DAY);
  const bits = (places) => places.reduce((sum, place) => sum | (1 << place), 0);
  const categories = chosen("category-boxes");
  return {
    from: day("from"), to: day("to"), segments: bits(chosen("segment-boxes")), categories: bits(categories),
    // With all categories chosen, sessions that looked at nothing count too.
    anything: categories.length === data.categories.length,
    words: `${$("from").value} to ${$("to").value}; ${some("segment-boxes", data.segments)}; ${some("category-boxes", data.categories)}`,
  };
}

function some(id, names) {
  const places = chosen(id);
  const what = id.startsWith("segment") ? "segments" : "categories";
  if (places.length === names.length) return `all ${what}`;
  return places.map((place) => names[place]).join(", ") || `no ${what}`;
}

// ---- numbers -------------------------------------------------------------------------------------

/** Everything shown, from one pass over sessions and one over lines bought. */
function count(filter) {
  const { userSegment, userRegistered, sessionUser, sessionDay, sessionViewed, sessionCarted, lineSession, lineProduct, lineQuantity, month } = data;
  const users = userSegment.length, months = data.monthNames.length;
  const monday = (new Date(data.first).getUTCDay() + 6) % 7;
  const week = (day) => Math.floor((day + monday) / 7);
  const weeks = new Map(), shown = new Uint8Array(sessionDay.length);
  for (let day = filter.from; day <= filter.to; day++) {
    if (!weeks.has(week(day))) weeks.set(week(day), { start: isoDay(day), days: 0, sessions: 0, orders: 0, cents: 0 });
    weeks.get(week(day)).days++;
  }
  const steps = () => [0, 0, 0, 0];
  const funnel = { sessions: steps(), users: steps(), segments: data.segments.map(steps) };
  const furthest = new Int8Array(users).fill(-1), active = new Uint8Array(users * months), each = new Int8Array(sessionDay.length).fill(-1);
  for (let session = 0; session < sessionDay.length; session++) {
    const user = sessionUser[session], day = sessionDay[session];
    if (day < filter.from || day > filter.to || !((filter.segments >> userSegment[user]) & 1)) continue;
    const looked = sessionViewed[session] & filter.categories;
    if (!looked && !filter.anything) continue;
    shown[session] = 1;
    each[session] = looked ? (sessionCarted[session] & filter.categories ? 2 : 1) : 0;
    weeks.get(week(day)).sessions++;
    if (day >= userRegistered[user]) active[user * months + month[day]] = 1;
  }
  const orders = new Uint32Array(users), cents = new Float64Array(users);
  const categories = data.categories.map((name) => ({ name, orders: 0, items: 0, cents: 0, last: -1 }));
  const products = data.products.map((product) => ({ ...product, price: product.cents, orders: 0, items: 0, cents: 0, last: -1 }));
  let items = 0, before = -1;
  for (let line = 0; line < lineSession.length; line++) {
    const session = lineSession[line], product = products[lineProduct[line]];
    if (!shown[session] || !((filter.categories >> product.category) & 1)) continue;
    const user = sessionUser[session], amount = product.price * lineQuantity[line];
    const at = weeks.get(week(sessionDay[session]));
    if (session !== before) { orders[user]++; at.orders++; before = session; each[session] = 3; }
    for (const group of [categories[product.category], product]) {
      if (group.last !== session) { group.orders++; group.last = session; }
      group.items += lineQuantity[line];
      group.cents += amount;
    }
    items += lineQuantity[line]; cents[user] += amount; at.cents += amount;
  }
  for (let session = 0; session < each.length; session++) {
    const user = sessionUser[session];
    for (let step = 0; step <= each[session]; step++) { funnel.sessions[step]++; funnel.segments[userSegment[user]][step]++; }
    if (each[session] > furthest[user]) furthest[user] = each[session];
  }
  for (const step of furthest) for (let at = 0; at <= step; at++) funnel.users[at]++;
  const sum = (all) => all.reduce((total, value) => total + value, 0);
  return {
    weeks: [...weeks.values()], categories, products, funnel, orders, cents, furthest, items,
    totals: { sessions: funnel.sessions[0], users: funnel.users[0], orders: funnel.sessions[3], cents: sum(cents), bought: funnel.users[3] },
    cohorts: cohorts(filter, active),
  };
}

function cohorts(filter, active) {
  const { month, userRegistered, userSegment } = data, months = data.monthNames.length;
  const found = data.monthNames.map((name) => ({ name, size: 0, cells: [] }));
  const [first, last] = [month[filter.from], month[filter.to]];
  for (let user = 0; user < userSegment.length; user++) {
    if (userRegistered[user] > filter.to || !((filter.segments >> userSegment[user]) & 1)) continue;
    const own = month[userRegistered[user]], cohort = found[own];
    cohort.size++;
    for (let at = own; at <= last; at++) cohort.cells[at - own] = (cohort.cells[at - own] ?? 0) + active[user * months + at];
  }
  // A month is whole if the dates neither begin nor end within it. Before the data begins nobody was there.
  const ends = new Date(data.first + (filter.to + 1) * DAY).getUTCDate() !== 1;
  const cut = (at) => (at === first && filter.from > month.indexOf(at)) || (at === last && ends);
  return found.map((cohort, own) => ({
    ...cohort,
    cells: cohort.cells.map((users, period) => (own + period < first ? null : { users, cut: cut(own + period) })),
  })).filter((cohort) => cohort.size > 0);
}

/** Users by group; everybody registered by the end of the dates counts, whether shown or not. */
function groups(filter, found) {
  const kind = $("grouping").value;
  const names = { Cluster: data.clusters, Rfm: data.rfm, Segment: data.segments }[kind], of = data[`user${kind}`];
  const all = names.map((name) => ({ name, users: 0, active: 0, buyers: 0, orders: 0, cents: 0 }));
  for (let user = 0; user < of.length; user++) {
    if (data.userRegistered[user] > filter.to || !((filter.segments >> data.userSegment[user]) & 1)) continue;
    const group = all[of[user]];
    group.users++;
    group.active += found.furthest[user] >= 0;
    group.buyers += found.orders[user] > 0;
    group.orders += found.orders[user];
    group.cents += found.cents[user];
  }
  return all.filter((group) => group.users > 0);
}

// ---- how numbers look ----------------------------------------------------------------------------

const whole = (n) => (n === null ? "–" : Math.round(n).toLocaleString("en-US"));
const dollars = (n) => (n === null ? "–" : n.toLocaleString("en-US", { style: "currency", currency: "USD", maximumFractionDigits: n >= 1000 ? 0 : 2 }));
const brief = (n) => n.toLocaleString("en-US", { style: "currency", currency: "USD", notation: "compact", maximumSignificantDigits: 3 });
const ratio = (a, b) => (b > 0 ? a / b : null);

// ---- panels --------------------------------------------------------------------------------------

/** A figure: chart, buttons, table. Texts enter as text, never as HTML. */
function panel(id) {
  const figure = $(id);
  figure.innerHTML = '<div class="chart" role="img"></div><div class="tools"><button type="button">CSV</button><button type="button">PNG</button></div><details><summary>Table</summary><div class="table" tabindex="0"><table><thead></thead><tbody></tbody></table></div></details>';
  charts[id] = echarts.init(figure.querySelector(".chart"), null, { renderer: "canvas" });
  const [csv, png] = figure.querySelectorAll("button");
  csv.setAttribute("aria-label", `Save ${id} as CSV`);
  png.setAttribute("aria-label", `Save ${id} as PNG`);
  csv.onclick = () => save(`${id}.csv`, URL.createObjectURL(new Blob([toCsv(tables[id])], { type: "text/csv" })));
  png.onclick = () => save(`${id}.png`, charts[id].getDataURL({ type: "png", pixelRatio: 2, backgroundColor: "#fff" }));
}

function save(name, url) {
  const link = Object.assign(document.createElement("a"), { download: `ecommerce-${name}`, href: url });
  link.click();
  if (url.startsWith("blob:")) setTimeout(() => URL.revokeObjectURL(url), 10000);
}

function toCsv({ heads, rows }) {
  const cell = (value) => (/[",\n\r]/.test(value ?? "") ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? ""));
  return [heads.map(([name]) => name), ...rows].map((row) => row.map(cell).join(",") + "\r\n").join("");
}

/** `title`: the finding; `subtitle`: what is shown and in which unit. What is filtered stands below the chart. `heads`: name and how
 * its values look; `rows`: values, null where there is none. */
function show(id, [title, subtitle], option, heads, rows) {
  tables[id] = { heads, rows };
  const figure = $(id), box = figure.querySelector(".chart");
  const row = (name, texts, attribute) => {
    const line = document.createElement("tr");
    texts.forEach(([text, look, value]) => {
      const cell = Object.assign(document.createElement(name), { textContent: text, className: look ? "" : "text" });
      if (attribute) cell.dataset.value = value ?? "";
      line.append(cell);
    });
    return line;
  };
  figure.querySelector("thead").replaceChildren(row("th", heads));
  figure.querySelector("tbody").replaceChildren(
    ...rows.map((values) => row("td", values.map((value, at) => [heads[at][1] ? heads[at][1](value) : value, heads[at][1], value]), true)));
  box.setAttribute("aria-label", `${title} The table below has the numbers.`);
  // What stands below the title moves down with the title's lines.
  const width = box.clientWidth - 20, under = 17 * Math.ceil((subtitle.length * 6.6) / width);
  const below = 18 + 21 * Math.ceil((title.length * 8.4) / width) + under;
  if (option.legend) option.legend = { left: 5, top: below - 4 };
  option.grid.top = below + (option.legend ? 46 : 12) + (option.yAxis.nameLocation ? 26 : 0);
  charts[id].setOption({
    animation: false, color: COLOURS, textStyle: { fontFamily: "system-ui, sans-serif", color: "#222" },
    title: {
      text: title, textStyle: { fontSize: 15, lineHeight: 20, color: "#222", width, overflow: "break" }, left: 5, top: 5, itemGap: 4,
      subtext: subtitle, subtextStyle: { fontSize: 12, color: "#555", width, overflow: "break", lineHeight: 17 },
    },
    graphic: [{ type: "text", left: 8, bottom: 2, style: { text: readFilters().words, width, overflow: "truncate", fontSize: 11, fill: "#555" } }],
    tooltip: { trigger: "axis", renderMode: "richText", confine: true, axisPointer: { type: "shadow" } },
    ...option,
  }, true);
}

/** What stands behind the bar that the title names. */
const FADED = "#b4b4b4";
const axis = (name, format) => ({ type: "value", name, nameLocation: "middle", nameGap: 30, nameTextStyle: { color: "#444" }, axisLabel: { formatter: format, color: "#444", hideOverlap: true } });
/** An axis with its name above it, where no label can push it out. */
const upright = (name) => ({ type: "value", name, nameLocation: "end", nameGap: 22, nameTextStyle: { color: "#444", align: "left" }, axisLabel: { color: "#444" } });
const names = (values, extra) => ({ type: "category", data: values, axisLabel: { color: "#444", hideOverlap: true, ...extra } });

function draw() {
  const began = performance.now();
  const filter = readFilters();
  if (!(filter.from >= 0 && filter.to < data.days && filter.from <= filter.to)) {
    $("status").textContent = `Dates must lie between ${isoDay(0)} and ${isoDay(data.days - 1)}, the first no later than the last.`;
    return;
  }
  const found = count(filter), { totals } = found;
  const cards = [
    ["Users with a session", whole, totals.users], ["Sessions", whole, totals.sessions], ["Orders", whole, totals.orders], ["Revenue", dollars, totals.cents / 100],
    ["Average order", dollars, ratio(totals.cents / 100, totals.orders)], ["Sessions with an order", percent, ratio(totals.orders, totals.sessions)], ["Items sold", whole, found.items],
  ];
  $("cards").replaceChildren(...cards.map(([name, look, value]) => {
    const card = document.createElement("div"), term = document.createElement("dt"), number = document.createElement("dd");
    term.textContent = name;
    number.textContent = look(value);
    number.dataset.value = value ?? "";
    card.append(term, number);
    return card;
  }));
  drawOverview(found);
  drawCohorts(found.cohorts);
  drawFunnel(found.funnel);
  drawGroups(groups(filter, found));
  $("status").textContent = `${whole(totals.sessions)} sessions of ${whole(totals.users)} users shown.`;
  $("status").dataset.milliseconds = performance.now() - began;
}

function drawOverview({ weeks, categories, products, totals }) {
  const daily = weeks.map((week) => week.cents / 100 / week.days);
  const average = ratio(totals.cents / 100, weeks.reduce((sum, week) => sum + week.days, 0));
  const line = { symbol: "none", silent: true, lineStyle: { color: "#787878", type: "dashed" }, data: [{ yAxis: average ?? 0, label: { formatter: "average", position: "insideEndTop", color: "#444" } }] };
  show("weeks", [`Revenue averages ${dollars(average)} a day`, "US dollars a day, by week"], {
    xAxis: names(weeks.map((week) => week.start)), yAxis: { ...upright("US dollars a day"), axisLabel: { formatter: brief, color: "#444" } },
    grid: { left: 10, right: 24, bottom: 30, containLabel: true },
    series: [{ name: "US dollars a day", type: "line", symbol: weeks.length < 3 ? "circle" : "none", lineStyle: { width: 2.5 }, markLine: line, data: daily.map((value) => Number(value.toFixed(2))) }],
  }, [["week", null], ["days", whole], ["sessions", whole], ["orders", whole], ["revenue", dollars]], weeks.map((week) => [week.start, week.days, week.sessions, week.orders, week.cents / 100]));

  const money = [["orders", whole], ["items", whole], ["revenue", dollars]];
  const sold = (group) => [group.orders, group.items, group.cents / 100];
  bars("categories", categories, (top) => [`${top.name}: ${percent(ratio(top.cents, totals.cents))} of revenue, more than any other category`, "Revenue by category, US dollars"], [["category", null], ...money], (group) => [group.name, ...sold(group)]);
  bars("products", products, (top) => [`Best seller: ${top.name}, ${brief(top.cents / 100)}`, "Revenue by product, US dollars, the ten largest"], [["product_id", null], ["product", null], ["price", dollars], ...money], (group) => [group.id, group.name, group.price / 100, ...sold(group)]);
}

/** Revenue of the best, as bars; all of them in the table. */
function bars(id, all, title, heads, row) {
  const sorted = [...all].sort((a, b) => b.cents - a.cents), best = sorted.slice(0, 10).reverse(), top = sorted[0];
  show(id, top.cents > 0 ? title(top) : ["Nothing was sold", "Revenue, US dollars"], {
    grid: { left: 10, right: 70, bottom: 50, containLabel: true },
    xAxis: axis("US dollars", brief),
    yAxis: names(best.map((group) => group.name), { width: 170, overflow: "truncate", hideOverlap: false }),
    series: [{ name: "Revenue", type: "bar", label: { show: true, position: "right", formatter: ({ value }) => dollars(value) }, data: best.map((group) => ({ value: group.cents / 100, itemStyle: { color: group === top ? COLOURS[0] : FADED } })) }],
  }, heads, sorted.map(row));
}

function drawCohorts(all) {
  const width = Math.max(0, ...all.map((cohort) => cohort.cells.length));
  const cells = [], rows = [];
  /** The month that the title speaks of. */
  const NAMED = 3;
  let kept = 0, of = 0;
  all.forEach((cohort, at) => cohort.cells.forEach((cell, period) => {
    if (!cell) return;
    const rate = ratio(cell.users, cohort.size);
    // The cells that the title sums up have a frame.
    const named = period === NAMED && !cell.cut ? { borderColor: "#222", borderWidth: 1.5 } : {};
    cells.push({ value: [period, at, rate * 100], label: { color: rate > 0.62 ? "#fff" : "#222" }, itemStyle: named, star: cell.cut });
    rows.push([cohort.name, period, cohort.size, cell.users, rate, cell.cut ? "yes" : "no"]);
    if (period === NAMED && !cell.cut) { kept += cell.users; of += cohort.size; }
  }));
  const narrow = $("retention").clientWidth < 600;
  $("retention").querySelector(".chart").style.height = `${Math.max(352, 130 + 24 * all.length)}px`;
  charts.retention.resize();
  const title = of > 0 ? `${percent(kept / of)} of users have a session three months after they registered` : "No month was observed in full three months after registration";
  show("retention", [title, "Users with a session in each month since they registered, % of those who registered in a month"], {
    tooltip: { trigger: "item", renderMode: "richText", confine: true, formatter: ({ data: { value, star } }) => `${all[value[1]].name}, month ${value[0]}: ${percentage(value[2])}${star ? " so far" : ""}` },
    grid: { left: 10, right: 20, bottom: 50, containLabel: true },
    xAxis: { ...names([...Array(width).keys()]), name: "months since registration", nameLocation: "middle", nameGap: 26 },
    yAxis: { ...names(all.map((cohort) => (narrow ? cohort.name : `${cohort.name} (${whole(cohort.size)})`))), inverse: true },
    visualMap: { min: 0, max: 100, show: false, inRange: { color: ["#f2f7fb", "#9ecae1", "#3182bd", "#08306b"] } },
    series: [{ type: "heatmap", data: cells, itemStyle: { borderColor: "#fff", borderWidth: 1 }, label: { show: !narrow, fontSize: 11, formatter: ({ data: { value, star } }) => `${Math.round(value[2])}${star ? "*" : ""}` } }],
  }, [["cohort", null], ["month", whole], ["users", whole], ["active", whole], ["rate", percent], ["cut", null]], rows);
}

function drawFunnel({ sessions, users, segments }) {
  const stepNames = ["session", "view", "cart", "purchase"];
  const share = (counts) => counts.map((n) => (ratio(n, counts[0]) ?? 0) * 100);
  const narrow = $("steps").clientWidth < 450;
  const label = { show: true, position: "right", formatter: ({ value }) => (narrow ? value.toFixed(0) : percentage(value)) };
  const lost = [1, 2, 3].map((at) => ({ at, share: ratio(sessions[at - 1] - sessions[at], sessions[0]) ?? 0 })).reduce((most, one) => (one.share > most.share ? one : most));
  const where = lost.share > 0 ? `, most are lost before ${stepNames[lost.at]}` : "";
  show("steps", [`${percent(ratio(sessions[3], sessions[0]))} of sessions end in an order${where}; ${percent(ratio(users[3], users[0]))} of users order`, "Sessions and users by step reached, % of those who began"], {
    legend: {}, grid: { left: 10, right: 60, bottom: 50, containLabel: true }, xAxis: { ...axis("% of those who began", (n) => `${n}`), max: 100 }, yAxis: { ...names(stepNames, { interval: 0, hideOverlap: false }), inverse: true },
    series: [["Sessions", sessions], ["Users", users]].map(([name, counts]) => ({ name, type: "bar", label: { ...label, fontSize: 11 }, data: share(counts) })),
  }, [["step", null], ["sessions", whole], ["sessions_share", percent], ["users", whole], ["users_share", percent]],
  stepNames.map((name, at) => [name, sessions[at], ratio(sessions[at], sessions[0]), users[at], ratio(users[at], users[0])]));

  const rates = segments.map((counts) => ratio(counts[3], counts[0]));
  const best = rates.indexOf(Math.max(...rates.map((rate) => rate ?? -1)));
  const converts = best >= 0 && rates[best] !== null ? `${data.segments[best]} users order most: in ${percent(rates[best])} of sessions` : "No session is shown";
  show("conversion", [converts, "Sessions that end in an order, %, by segment"], {
    grid: { left: 10, right: 70, bottom: 50, containLabel: true }, xAxis: axis("% of sessions with an order", (n) => `${n}`), yAxis: { ...names(data.segments), inverse: true },
    series: [{ name: "% of sessions", type: "bar", label, data: rates.map((rate, at) => ({ value: (rate ?? 0) * 100, itemStyle: { color: at === best ? COLOURS[0] : FADED } })) }],
  }, [["segment", null], ...stepNames.map((name) => [name, whole]), ["rate", percent]], segments.map((counts, at) => [data.segments[at], ...counts, rates[at]]));
}

function drawGroups(all) {
  const [users, cents] = ["users", "cents"].map((key) => all.reduce((sum, group) => sum + group[key], 0));
  const share = (key, total) => all.map((group) => (ratio(group[key], total) ?? 0) * 100);
  const top = all.reduce((best, group) => (group.cents > (best?.cents ?? -1) ? group : best), null);
  const leading = top ? `${top.name}: ${percent(ratio(top.users, users))} of users, ${percent(ratio(top.cents, cents))} of revenue` : "No user is chosen";
  show("groups", [leading, "Users registered by the end of the dates, and their revenue, % of all, by group"], {
    legend: {}, grid: { left: 10, right: 60, bottom: 50, containLabel: true },
    xAxis: axis("% of all", (n) => `${n}`), yAxis: { ...names(all.map((group) => group.name), { width: 150, overflow: "break", lineHeight: 14, hideOverlap: false }), inverse: true },
    series: [["Users", "users", users], ["Revenue", "cents", cents]].map(([name, key, total]) => ({ name, type: "bar", label: { show: true, position: "right", formatter: ({ value }) => percentage(value) }, data: share(key, total) })),
  }, [["group", null], ["users", whole], ["active", whole], ["buyers", whole], ["orders", whole], ["revenue", dollars], ["average_order", dollars], ["revenue_per_user", dollars]],
  all.map((group) => [group.name, group.users, group.active, group.buyers, group.orders, group.cents / 100, ratio(group.cents / 100, group.orders), ratio(group.cents / 100, group.users)]));
}

// ---- start, and other data from a live server ----------------------------------------------------

async function take(text) {
  data = await unpack(text);
  $("about").textContent = `${whole(data.users)} users, ${whole(data.days)} days from ${data.start}, seed ${data.seed}. Synthetic.`;
  for (const id of ["from", "to"]) {
    const value = isoDay(id === "from" ? 0 : data.days - 1);
    Object.assign($(id), { min: isoDay(0), max: isoDay(data.days - 1), defaultValue: value, value });
  }
  boxes("segment-boxes", data.segments);
  boxes("category-boxes", data.categories);
  for (const name of ["users", "days", "seed"]) $("make").elements[name].value = data[name];
  draw();
}

async function make(event) {
  event.preventDefault();
  const form = $("make"), bar = form.querySelector("progress"), said = form.querySelector("output");
  const wanted = Object.fromEntries(["users", "days", "seed"].map((name) => [name, Number(form.elements[name].value)]));
  const answer = await fetch("make", { method: "POST", body: JSON.stringify(wanted) });
  said.textContent = answer.ok ? "" : await answer.text();
  for (bar.hidden = !answer.ok; !bar.hidden; await new Promise((done) => setTimeout(done, 150))) {
    const state = await (await fetch("progress")).json();
    Object.assign(bar, { max: state.of, value: state.made });
    said.textContent = state.error ?? `${whole(state.made)} of ${whole(state.of)} users`;
    if (state.working) continue;
    bar.hidden = true;
    if (!state.error) { await take(await (await fetch("data")).text()); said.textContent = "Done."; }
  }
}

for (const figure of document.querySelectorAll("figure")) panel(figure.id);
$("filters").addEventListener("input", draw);
$("filters").addEventListener("reset", () => setTimeout(draw));
$("filters").addEventListener("submit", (event) => event.preventDefault());
$("grouping").addEventListener("input", draw);
$("make").hidden = !("live" in document.documentElement.dataset);
$("make").addEventListener("submit", make);
let resized;
addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(() => { Object.values(charts).forEach((chart) => chart.resize()); draw(); }, 100); });
take($("data").textContent);
