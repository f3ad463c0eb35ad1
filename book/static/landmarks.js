// What the theme leaves out for those who listen to a page: the side bar is a region with a name, and
// the search button is called what it shows.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".search-button-field").forEach((button) => button.removeAttribute("aria-label"));
  const bar = document.getElementById("pst-primary-sidebar") || document.querySelector(".bd-sidebar-primary");
  if (bar) {
    bar.setAttribute("role", "region");
    bar.setAttribute("aria-label", "Chapters and pages");
  }
});
