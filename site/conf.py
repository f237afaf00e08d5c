"""Sphinx: the notebooks and documents of this project as a book. `make site` runs it."""

project = "Casebook"
author = "the Casebook authors"
copyright = "the Casebook authors. Code: MIT or Apache-2.0. Text and figures: CC BY 4.0"
language = "en"

extensions = ["myst_nb", "sphinx_design"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

# The outputs are those committed; nothing is executed, and nothing is loaded from elsewhere.
nb_execution_mode = "off"
nb_ipywidgets_js = {}
nb_merge_streams = True
# Errors are the compiler's and the kernel's reports, not Python's.
nb_render_error_lexer = "text"

html_theme = "sphinx_book_theme"
html_title = "Casebook"
# A summary of each page found would be fetched, which a page from the disk may not.
html_show_search_summary = False
templates_path = ["_templates"]
html_sidebars = {"**": ["home.html", "search-button-field.html", "sbt-sidebar-nav.html"]}
html_static_path = ["_static"]
html_css_files = ["casebook.css"]
html_context = {"default_mode": "auto"}
html_theme_options = {
    # The search field stands in the side bar.
    "navbar_persistent": [],
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "use_fullscreen_button": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
