// Airflow keeps the reader's choice of light or dark in its local storage; without a choice the system decides.
"use strict";
function follow() {
  const choice = localStorage.getItem("theme");
  document.documentElement.style.colorScheme = choice === "light" || choice === "dark" ? choice : "light dark";
}
follow();
addEventListener("storage", follow);
