using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Quota.Grains;

/// <summary>
/// Checks that stay on in Release. A failed check means the program itself is wrong, never that input is bad.
/// </summary>
public static class Invariant
{
    /// <summary>Throws <see cref="InvalidOperationException"/> with the checked expression if <paramref name="condition"/> is false.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Check([DoesNotReturnIf(false)] bool condition, [CallerArgumentExpression(nameof(condition))] string? expression = null)
    {
        if (!condition)
        {
            Fail(expression);
        }
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Fail(string? expression) => throw new InvalidOperationException($"Invariant violated: {expression}");
}
