/* Before the first paint: the theme and density that were chosen here. */
(function () {
	try {
		var p = JSON.parse(localStorage.getItem("tutti.prefs") || "{}");
		var root = document.documentElement;
		if (p.theme === "light" || p.theme === "dark") root.dataset.theme = p.theme;
		if (p.density === "compact" || p.density === "comfortable") root.dataset.density = p.density;
	} catch (e) {}
})();
