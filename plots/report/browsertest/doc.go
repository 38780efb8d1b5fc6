// Package browsertest tries the report page in a real browser. It is a module of its own, so that flsim does not depend
// on what drives the browser.
package browsertest
