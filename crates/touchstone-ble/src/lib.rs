//! Radio and Link on btleplug.
