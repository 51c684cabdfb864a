package dev.touchstone.ui

import android.content.res.Resources
import dev.touchstone.flow.Arg
import dev.touchstone.flow.Msg

/** Looks messages up in the resources: the app's own `ts_` strings first, then those of this library, in the language of [resources]. */
public class Texts(private val resources: Resources) {
    /** The text of a message, with everything filled in. */
    public fun text(message: Msg): String {
        val arguments = numbered(message.args)
        val resource = textResource(message.id)
        return when {
            isPlural(message.id) -> resources.getQuantityString(resource, quantity(message.args), *arguments)
            // Without arguments a text is no pattern, and a percent sign is one.
            arguments.isEmpty() -> resources.getString(resource)
            else -> resources.getString(resource, *arguments)
        }
    }

    internal companion object {
        /** As the resources number them: the product's name, the network's name, the number. */
        fun numbered(arguments: List<Arg>): Array<Any> = arguments
            .sortedBy {
                when (it) {
                    is Arg.Product -> 0
                    is Arg.Network -> 1
                    is Arg.Count -> 2
                }
            }
            .map<Arg, Any> {
                when (it) {
                    is Arg.Product -> it.v1
                    is Arg.Network -> it.v1
                    is Arg.Count -> it.v1.toInt()
                }
            }
            .toTypedArray()

        fun quantity(arguments: List<Arg>): Int = arguments.filterIsInstance<Arg.Count>().firstOrNull()?.v1?.toInt() ?: 0
    }
}
