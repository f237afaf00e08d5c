"use strict";
// Numbers as the library writes them (`casebook::format`): shares here and in the notebooks look the same. What both have to
// write is in percents.json, which the tests of both read.

/** A percentage, such as 51.8 for 51.8%, with one decimal; one too small for it with two, so that 0.03% is not 0.0%. */
function percentage(percent) {
  const size = Math.abs(percent);
  if (size > 0 && size < 0.05) {
    if (size < 0.005) return percent > 0 ? "under 0.01%" : "above -0.01%";
    return `${percent.toFixed(2)}%`;
  }
  // Half way between two decimals the library takes the even one, and toFixed the higher.
  const text = (size % 1 === 0.25 ? Math.sign(percent) * (size - 0.05) : percent).toFixed(1);
  return `${text.replace(/\B(?=(\d{3})+\.)/g, ",")}%`;
}

/** A share from 0 to 1 in percent. */
const percent = (share) => (share === null || share === undefined ? "–" : percentage(share * 100));
