// Screens, cues and reports are the core's own types; an app imports one module.
@_exported import TouchstoneFFI
