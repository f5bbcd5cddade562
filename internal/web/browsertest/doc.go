// Package browsertest looks at the pages with a real browser: both themes, a
// desk and a telephone, nothing wider than the screen, no error on the console,
// no violation of the content policy. It holds tests alone; without Chromium
// they are skipped, and TOCSIN_REQUIRE_BROWSER=1 makes that a failure.
// TOCSIN_AXE=path/to/axe.min.js adds what axe-core finds serious or critical;
// axe-core stands under MPL-2.0, so it is fetched and never kept here.
// TOCSIN_SCREENSHOTS=dir writes what it sees, for the documentation.
package browsertest
