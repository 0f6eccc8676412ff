// RFC 9110 5.6.7. Servers must read the two old forms too; nothing else is a date.

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const TIME = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)';
const FORMS = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  `(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\\d\\d) (?<month>[A-Z][a-z]{2}) (?<year>\\d{4}) ${TIME} GMT`,
  // Sunday, 06-Nov-94 08:49:37 GMT
  `(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d\\d)-(?<month>[A-Z][a-z]{2})-(?<year>\\d\\d) ${TIME} GMT`,
  // Sun Nov  6 08:49:37 1994
  `(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?<month>[A-Z][a-z]{2}) (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})`,
].map((form) => new RegExp(`^${form}$`));

/** Seconds since 1970, or null for what is no date. @param nowSeconds tells the century of a year of two digits */
export function parseHttpDate(text: string, nowSeconds: number): number | null {
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups;
    if (parts !== undefined) return secondsOf(parts, nowSeconds);
  }
  return null;
}

function secondsOf(parts: Readonly<Record<string, string>>, nowSeconds: number): number | null {
  const month = MONTHS.indexOf(parts.month as string);
  const [day, hour, minute, second, year] = ['day', 'hour', 'minute', 'second', 'year'].map((name) =>
    Number(parts[name]),
  ) as [number, number, number, number, number];
  // 60: a leap second.
  if (month === -1 || hour > 23 || minute > 59 || second > 60) return null;
  if (day < 1 || day > daysOf(month, year)) return null;
  const at = (fullYear: number) => Date.UTC(fullYear, month, day, hour, minute, second) / 1000;
  if (parts.year?.length === 4) return at(year);
  // More than 50 years ahead is the latest past year with those digits.
  const FIFTY_YEARS = 50 * 31_556_952;
  return at(2000 + year) > nowSeconds + FIFTY_YEARS ? at(1900 + year) : at(2000 + year);
}

function daysOf(month: number, year: number): number {
  if (month === 1) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [3, 5, 8, 10].includes(month) ? 30 : 31;
}
