// Light or dark as Airflow's reader chose it, and links that lead out of the frame in which Airflow shows this page.
"use strict";
function follow() {
  const choice = localStorage.getItem("theme");
  document.documentElement.style.colorScheme = choice === "light" || choice === "dark" ? choice : "light dark";
}
follow();
addEventListener("storage", follow);
addEventListener("click", (event) => {
  const link = event.target.closest("a[target=_top]");
  if (!link || window === parent || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault(); // Airflow's sandbox lets no frame move the page around it, but that page may move itself
  const outer = parent.document.createElement("a");
  outer.href = link.href;
  parent.document.body.append(outer);
  outer.click();
  outer.remove();
});
