#if canImport(SwiftUI) && canImport(UIKit)
import SwiftUI
import TouchstoneFFI
import UIKit

/// Joins an attempt, its model and the phone for as long as the screen lives.
@MainActor
final class ConnectSession: ObservableObject {
    let model: ConnectModel
    let language: String
    private let connector: DeviceConnector
    private let attempt: Attempt
    private let phone: Phone
    private let beginsAtOnce: Bool
    private let ended: @MainActor (Result<Report, any Error>) -> Void
    private var work: Task<Void, Never>?
    private var drawing: Task<Void, Never>?

    init(
        _ connector: DeviceConnector,
        texts: Texts,
        beginsAtOnce: Bool,
        ended: @escaping @MainActor (Result<Report, any Error>) -> Void
    ) {
        self.connector = connector
        phone = Phone()
        attempt = connector.attempt(context: phone.context)
        model = ConnectModel(acts: attempt, texts: texts, performer: phone)
        language = texts.language
        self.beginsAtOnce = beginsAtOnce
        self.ended = ended
    }

    func appeared() {
        guard work == nil else { return model.appeared() }
        phone.contextChanged = { [weak model] in model?.setContext($0) }
        phone.finished = { [weak model] in model?.announcementFinished($0, delivered: $1) }
        let (connector, attempt, model, beginsAtOnce, ended) = (connector, attempt, model, beginsAtOnce, ended)
        drawing = Task {
            var begun = !beginsAtOnce
            for await moment in attempt.moments {
                switch moment {
                case .screen(let screen):
                    model.show(screen)
                    if !begun {
                        begun = true
                        model.pressPrimary()
                    }
                case .cue(let cue):
                    model.perform(cue)
                }
            }
        }
        work = Task {
            do {
                ended(.success(try await connector.run(attempt)))
            } catch {
                ended(.failure(error))
            }
        }
        model.appeared()
    }

    func disappeared() {
        model.disappeared()
        work?.cancel()
        drawing?.cancel()
    }

    func escape() {
        if !model.escape() {
            attempt.cancel()
        }
    }

    func phaseChanged(active: Bool) {
        if active {
            model.resumed()
        } else {
            model.uiReady(false)
        }
    }
}
#endif
