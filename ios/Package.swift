// swift-tools-version: 6.0

import PackageDescription

// `cargo xtask swift` links the library of the machine, simulator included, in place of the XCFramework. An app never does.
let simulator = Context.environment["TOUCHSTONE_SIMULATOR"] != nil

let package = Package(
    name: "Touchstone",
    defaultLocalization: "en",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "Touchstone", targets: ["Touchstone"])],
    targets: [
        .target(name: "Touchstone", dependencies: ["TouchstoneFFI"], resources: [.process("Resources")]),
    ]
)

if simulator {
    package.targets += [
        .systemLibrary(name: "TouchstoneFFIC", path: "Simulator/TouchstoneFFIC"),
        .target(
            name: "TouchstoneFFI", dependencies: ["TouchstoneFFIC"], linkerSettings: [.linkedLibrary("touchstone_ffi_sim")]),
        .target(name: "TouchstoneSim", dependencies: ["TouchstoneFFI"], path: "Simulator/TouchstoneSim"),
        .testTarget(name: "TouchstoneTests", dependencies: ["Touchstone", "TouchstoneSim"]),
    ]
} else {
    package.targets += [
        .binaryTarget(name: "TouchstoneFFIC", path: "TouchstoneFFIC.xcframework"),
        .target(name: "TouchstoneFFI", dependencies: ["TouchstoneFFIC"]),
    ]
}
