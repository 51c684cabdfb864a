#if canImport(SwiftUI) && canImport(UIKit)
import SwiftUI
import TouchstoneFFI
import UIKit

/// The large button. It always does the next useful thing: while something is under way it says the status again.
struct PrimaryButton: View {
    let control: Picture.Control
    let busy: Bool
    let action: () -> Void

    var body: some View {
        Button(action: action) {
            Text(control.label)
                .font(.title2.bold())
                .multilineTextAlignment(.center)
                .padding()
                .frame(maxWidth: .infinity, minHeight: 64)
                .foregroundColor(Color(UIColor.systemBackground))
                .background(Color.primary)
                .clipShape(RoundedRectangle(cornerRadius: 16))
                .contentShape(Rectangle())
        }
        .buttonStyle(.plain)
        .accessibilityLabel(control.label)
        .accessibilityAddTraits(busy ? .updatesFrequently : [])
        .accessibilityInputLabels(control.inputLabels)
        .accessibilityShowsLargeContentViewer { Text(control.label) }
    }
}

/// Any other control.
struct SecondaryButton: View {
    let control: Picture.Control
    let action: () -> Void

    var body: some View {
        Button(action: action) {
            Text(control.label)
                .multilineTextAlignment(.center)
                .padding(.horizontal)
                .frame(maxWidth: .infinity, minHeight: 48)
                .foregroundColor(.primary)
                .overlay(RoundedRectangle(cornerRadius: 12).stroke(Color.primary))
                .contentShape(Rectangle())
        }
        .buttonStyle(.plain)
        .accessibilityLabel(control.label)
        .accessibilityInputLabels(control.inputLabels)
    }
}

/// An entry of the list of networks. The mark is a picture of what the trait says.
struct NetworkRow: View {
    let network: Picture.Network
    let action: () -> Void

    var body: some View {
        Button(action: action) {
            HStack {
                Text(network.name)
                    .multilineTextAlignment(.leading)
                Spacer()
                Image(systemName: "checkmark")
                    .opacity(network.selected ? 1 : 0)
                    .accessibilityHidden(true)
            }
            .padding(.vertical, 8)
            .frame(maxWidth: .infinity, minHeight: 48)
            .foregroundColor(.primary)
            .contentShape(Rectangle())
        }
        .buttonStyle(.plain)
        .accessibilityLabel(network.name)
        .accessibilityAddTraits(network.selected ? .isSelected : [])
    }
}
#endif
