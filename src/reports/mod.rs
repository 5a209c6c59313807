pub mod autodetect;
pub mod autodetect_document;
pub mod html_page;
