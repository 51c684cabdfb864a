import SwiftUI
import Touchstone

@main
struct ConnectApp: App {
    private let connector = Result { try makeConnector() }

    var body: some Scene {
        WindowGroup {
            switch connector {
            case .success(let connector):
                ConnectButton(connector) { result in
                    // What happened has been shown and said. The report is for your support, and holds no name, network or key.
                    if case .success(let report) = result {
                        print(report.support)
                    }
                }
                .padding()
            case .failure(let error):
                Text(Self.advice(error))
                    .padding()
            }
        }
    }

    /// The vendor's list of genuine products and the key that signs it are in the app.
    private static func makeConnector() throws -> DeviceConnector {
        try DeviceConnector(bundle: resource("trust-bundle"), vendorKey: resource("vendor-key"))
    }

    private static func resource(_ name: String) throws -> Data {
        guard let url = Bundle.main.url(forResource: name, withExtension: "bin") else {
            throw CocoaError(.fileNoSuchFile)
        }
        return try Data(contentsOf: url)
    }

    private static func advice(_ error: any Error) -> String {
        guard let error = error as? ConnectError else { return error.localizedDescription }
        return Texts.packaged.text(error.advice())
    }
}
