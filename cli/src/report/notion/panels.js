"use strict";
(() => {
  const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5a5a5a"];
  const { cards, panels } = JSON.parse(document.getElementById("data").textContent);

  // ---- how numbers look --------------------------------------------------------------------------

  const LOOKS = {
    number: (n) => n.toLocaleString("en-US", { maximumFractionDigits: Math.abs(n) < 100 ? 2 : 0 }),
    dollars: (n) => n.toLocaleString("en-US", { style: "currency", currency: "USD", notation: Math.abs(n) >= 1e6 ? "compact" : "standard", maximumFractionDigits: Math.abs(n) >= 1e6 ? 1 : 0 }),
    percent,
    points: (n) => `${n > 0 ? "+" : ""}${(n * 100).toFixed(1)} pp`,
  };
  const look = (unit) => (value) => (value === null || value === undefined ? "–" : LOOKS[unit === "share" ? "percent" : unit](value));

  const element = (name, text, more) => Object.assign(document.createElement(name), { textContent: text ?? "" }, more);

  for (const { name, value, low, high, unit } of cards) {
    const card = element("div"), number = element("dd", look(unit)(value));
    number.dataset.value = value;
    if (low !== null) number.append(element("small", `${look(unit)(low)} to ${look(unit)(high)}`));
    card.append(element("dt", name), number);
    document.getElementById("cards").append(card);
  }

  // ---- charts ------------------------------------------------------------------------------------

  const ink = { color: "#444" };
  /** Where there is little room, an axis is named without what follows the comma. */
  const brief = (name, room) => (room < 620 ? name.split(",")[0] : name);
  const values = (format, name, room) => ({ type: "value", name: brief(name, room), nameLocation: "middle", nameGap: 32, nameTextStyle: ink, axisLabel: { ...ink, formatter: format, hideOverlap: true } });
  const upright = (format, name, room) => ({ type: "value", name: brief(name, room), nameLocation: "end", nameGap: 16, nameTextStyle: { ...ink, align: "left" }, axisLabel: { ...ink, formatter: format } });
  const names = (data, more) => ({ type: "category", data, axisLabel: { ...ink, hideOverlap: true }, ...more });
  const longNames = { axisLabel: { ...ink, width: 150, overflow: "break", lineHeight: 14, interval: 0, hideOverlap: false } };
  const wide = { left: 26, right: 90, bottom: 60, containLabel: true };

  // What the title names: notes at points, lines at values, categories in colour among grey ones.
  const marked = (spec, kind) => spec.marks.filter(({ mark }) => mark === kind);
  const FADED = "#b4b4b4";
  /** The colour of a category: the first of all, unless others are highlighted. */
  const shade = (spec, name) => {
    const named = marked(spec, "highlight").map((mark) => mark.name);
    return named.length === 0 || named.includes(name) ? COLOURS[0] : FADED;
  };
  const notes = (spec, places) => ({
    symbol: "circle", symbolSize: 7, silent: true, itemStyle: { color: "#222" },
    data: marked(spec, "note").map(({ x, y, text }) => {
      const at = places.indexOf(x);
      return { name: text, coord: [at, y], label: { show: true, formatter: text, position: "top", align: at > places.length / 2 ? "right" : "left", color: "#222" } };
    }),
  });
  const lines = (spec) => ({
    symbol: "none", silent: true, lineStyle: { color: "#787878", type: "dashed", width: 1.4 },
    data: marked(spec, "line").map(({ at, text }) => ({ xAxis: at, label: { show: text !== "", formatter: text, position: "start", color: "#444" } })),
  });

  /** What ECharts draws, by kind of chart. */
  const DRAW = {
    gauge({ spec, col, format }) {
      const all = col(spec.y), last = all[all.length - 1], most = Math.max(...all);
      return {
        series: [{
          type: "gauge", min: 0, max: most, startAngle: 205, endAngle: -25, center: ["50%", "64%"], radius: "78%", splitNumber: 4,
          progress: { show: true, width: 18 }, axisLine: { lineStyle: { width: 18, color: [[1, "#e2e2e2"]] } },
          axisTick: { show: false }, splitLine: { length: 18, lineStyle: { color: "#fff" } }, axisLabel: { distance: 26, ...ink, formatter: format },
          anchor: { show: false }, pointer: { show: false }, title: { offsetCenter: [0, "62%"], fontSize: 13, color: "#444" },
          detail: { offsetCenter: [0, "38%"], fontSize: 26, color: "#222", formatter: format },
          data: [{ value: last, name: "last full week; the scale ends at the best week" }],
        }],
      };
    },
    line({ spec, col, format, room }) {
      const x = col(spec.x), y = col(spec.y), groups = spec.by ? [...new Set(col(spec.by))] : [null];
      const places = [...new Set(x)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
      const pick = (column, group) => {
        const found = new Map();
        x.forEach((at, row) => { if (group === null || col(spec.by)[row] === group) found.set(at, column[row]); });
        return places.map((at) => found.get(at) ?? null);
      };
      const series = groups.map((group) => ({ name: group ?? spec.labels[1], type: "line", symbol: places.length > 40 ? "none" : "circle", data: pick(y, group) }));
      series[0].markPoint = notes(spec, places);
      if (spec.low) {
        const [low, high] = [pick(col(spec.low), null), pick(col(spec.high), null)];
        const band = { type: "line", stack: "band", stackStrategy: "all", symbol: "none", lineStyle: { opacity: 0 }, tooltip: { show: false }, silent: true };
        series.push({ ...band, name: "low", data: low }, { ...band, name: "high", areaStyle: { color: COLOURS[0], opacity: 0.18 }, data: high.map((top, at) => (top === null ? null : top - low[at])) });
      }
      return { legend: spec.by ? {} : undefined, grid: { left: 10, right: 26, bottom: 46, containLabel: true }, xAxis: names(places, { name: spec.labels[0], nameLocation: "middle", nameGap: 28, nameTextStyle: ink, boundaryGap: false }), yAxis: upright(format, spec.labels[1], room), series, tooltip: { trigger: "axis" } };
    },
    funnel({ spec, col, format, room }) {
      const [rates, users, named] = [col("step_rate"), col(spec.y), marked(spec, "highlight").map((mark) => mark.name)];
      const words = (row) => (row === 0 ? format(users[row]) : `${format(users[row])}, ${percent(rates[row])} of the stage before`);
      const label = { show: true, position: "right", formatter: ({ dataIndex }) => words(dataIndex), color: "#222" };
      const data = users.map((value, row) => ({ value, itemStyle: { color: COLOURS[named.includes(col(spec.x)[row]) ? 1 : 0] } }));
      return { grid: { ...wide, right: 210 }, xAxis: { ...values(format, spec.labels[1], room), splitNumber: 3 }, yAxis: names(col(spec.x), { inverse: true, ...longNames }), series: [{ name: spec.labels[1], type: "bar", label, data }] };
    },
    bars({ spec, col, format, room }) {
      const label = { show: true, position: "right", formatter: ({ value }) => format(value), color: "#222" };
      return { grid: wide, xAxis: values(format, spec.labels[1], room), yAxis: names(col(spec.x), { inverse: true, ...longNames }), series: [{ name: spec.labels[1], type: "bar", label, data: col(spec.y).map((value, row) => ({ value, itemStyle: { color: shade(spec, col(spec.x)[row]) } })) }] };
    },
    heat({ spec, col, format, narrow }) {
      const x = [...new Set(col(spec.x))].sort((a, b) => a - b), y = [...new Set(col(spec.y))], value = col(spec.by);
      const most = Math.max(...value);
      const cells = value.map((rate, row) => ({ value: [x.indexOf(col(spec.x)[row]), y.indexOf(col(spec.y)[row]), rate], label: { color: rate > most * 0.55 ? "#fff" : "#222" } }));
      return {
        tall: 150 + 22 * y.length, grid: { left: 10, right: 16, bottom: 46, containLabel: true },
        tooltip: { trigger: "item", formatter: ({ value: [at, row, rate] }) => `${y[row]}, ${spec.labels[0].toLowerCase()}: ${x[at]}, ${format(rate)}` },
        xAxis: names(x, { name: spec.labels[0], nameLocation: "middle", nameGap: 28, nameTextStyle: ink }), yAxis: names(y, { inverse: true }),
        visualMap: { min: 0, max: most, show: false, inRange: { color: ["#f2f7fb", "#9ecae1", "#3182bd", "#08306b"] } },
        series: [{ type: "heatmap", data: cells, itemStyle: { borderColor: "#fff", borderWidth: 1 }, label: { show: !narrow, fontSize: 10, formatter: ({ value: [, , rate] }) => Math.round(rate * 100) } }],
      };
    },
    range({ spec, col, format, narrow, room }) {
      const [y, low, high] = [col(spec.y), col(spec.low), col(spec.high)];
      const bar = (params, api) => {
        if (low[params.dataIndex] === null) return null;
        const [from, to] = [api.coord([api.value(0), api.value(2)]), api.coord([api.value(1), api.value(2)])];
        const line = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: shade(spec, col(spec.x)[params.dataIndex]), lineWidth: 2.5 } });
        return { type: "group", children: [line(from[0], from[1], to[0], to[1]), line(from[0], from[1] - 6, from[0], from[1] + 6), line(to[0], to[1] - 6, to[0], to[1] + 6)] };
      };
      const words = (row) => (low[row] === null ? format(y[row]) : `${format(y[row])} (${format(low[row])} to ${format(high[row])})`);
      return {
        tall: Math.max(352, 170 + (narrow ? 36 : 30) * y.length), grid: { left: 26, right: 30, bottom: 60, containLabel: true }, xAxis: { ...values(format, spec.labels[1], room), scale: true }, yAxis: names(col(spec.x), { inverse: true, ...longNames }),
        tooltip: { trigger: "item", formatter: ({ dataIndex }) => `${col(spec.x)[dataIndex]}: ${words(dataIndex)}` },
        series: [
          { name: "range", type: "custom", renderItem: bar, encode: { x: [0, 1], y: 2 }, data: y.map((_, row) => [low[row], high[row], row]) },
          { name: spec.labels[1], type: "scatter", symbolSize: 11, markLine: lines(spec), data: y.map((value, row) => ({ value: [value, row], itemStyle: { color: shade(spec, col(spec.x)[row]) } })) },
        ],
      };
    },
  };

  // ---- panels: chart, buttons, table; texts enter as text, never as HTML -------------------------

  const drawn = [];
  const home = document.getElementById("panels");
  if (panels.length === 1) home.classList.add("one");

  for (const spec of panels) {
    const figure = element("figure", "", { id: spec.id });
    figure.classList.toggle("wide", spec.kind === "heat");
    figure.innerHTML = '<div class="chart" role="img"></div><div class="tools"><button type="button">CSV</button><button type="button">PNG</button></div><details><summary>Table</summary><div class="table" tabindex="0"><table><thead></thead><tbody></tbody></table></div></details>';
    home.append(figure);
    const box = figure.querySelector(".chart"), [csv, png] = figure.querySelectorAll("button");
    const heads = spec.columns.map(([name]) => name), columns = Object.fromEntries(spec.columns);
    const rows = (spec.columns[0]?.[1] ?? []).map((_, row) => spec.columns.map(([, column]) => column[row]));
    fillTable(figure, heads, rows);
    box.setAttribute("aria-label", `${spec.alt} The table below has the numbers.`);
    const chart = echarts.init(box, null, { renderer: "canvas" });
    csv.setAttribute("aria-label", `Save ${spec.id} as CSV`);
    png.setAttribute("aria-label", `Save ${spec.id} as PNG`);
    csv.onclick = () => save(`${spec.id}.csv`, URL.createObjectURL(new Blob([toCsv(heads, rows)], { type: "text/csv" })));
    png.onclick = () => save(`${spec.id}.png`, chart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: "#fff" }));
    drawn.push({ spec, chart, box, columns });
  }

  function fillTable(figure, heads, rows) {
    const line = (name, cells) => {
      const row = element("tr");
      row.append(...cells.map((value) => {
        const number = typeof value === "number";
        const cell = element(name, number ? value.toLocaleString("en-US", { maximumSignificantDigits: 6 }) : value ?? "–");
        if (!number && name === "td") cell.className = "text";
        if (name === "td") cell.dataset.value = value ?? "";
        return cell;
      }));
      return row;
    };
    figure.querySelector("thead").replaceChildren(line("th", heads));
    figure.querySelector("tbody").replaceChildren(...rows.map((row) => line("td", row)));
  }

  function draw({ spec, chart, box, columns }) {
    const narrow = box.clientWidth < 620;
    const { tall, tooltip, legend, grid, ...option } = DRAW[spec.kind]({ spec, col: (name) => columns[name], format: look(spec.unit), narrow, room: box.clientWidth });
    if (tall) { box.style.height = `${tall}px`; chart.resize(); }
    // What stands below the title moves down with the title's lines.
    const width = box.clientWidth - 20, under = 17 * Math.ceil((spec.subtitle.length * 6.6) / width);
    const below = 18 + 21 * Math.ceil((spec.title.length * 8.4) / width) + under;
    if (grid) grid.top = below + (legend ? 46 : 12) + (option.yAxis?.nameLocation ? 22 : 0) + (marked(spec, "line").length > 0 ? 14 : 0);
    chart.setOption({
      animation: false, color: COLOURS, textStyle: { fontFamily: "system-ui, sans-serif", color: "#222" },
      title: {
        text: spec.title, textStyle: { fontSize: 15, lineHeight: 20, color: "#222", width, overflow: "break" }, left: 5, top: 5, itemGap: 4,
        subtext: spec.subtitle, subtextStyle: { fontSize: 12, color: "#555", width, overflow: "break", lineHeight: 17 },
      },
      tooltip: { trigger: "axis", renderMode: "richText", confine: true, axisPointer: { type: "shadow" }, valueFormatter: look(spec.unit), ...tooltip },
      ...(legend ? { legend: { left: 5, top: below - 4, data: option.series.map(({ name }) => name) } } : {}),
      ...(grid ? { grid } : {}),
      ...option,
    }, true);
  }

  function save(name, url) {
    Object.assign(document.createElement("a"), { download: name, href: url }).click();
    if (url.startsWith("blob:")) setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  function toCsv(heads, rows) {
    const cell = (value) => (/[",\n\r]/.test(value ?? "") ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? ""));
    return [heads, ...rows].map((row) => row.map(cell).join(",") + "\r\n").join("");
  }

  let resized;
  addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(() => drawn.forEach((one) => { one.chart.resize(); draw(one); }), 100); });
  // Columns find their width once all figures are there.
  drawn.forEach((one) => { one.chart.resize(); draw(one); });
  document.documentElement.dataset.ready = drawn.length;
})();
