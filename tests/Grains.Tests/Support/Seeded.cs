using Xunit.Sdk;

namespace Quota.Grains.Tests.Support;

/// <summary>Runs a property over many seeds; a failure names the seed that reproduces it.</summary>
internal static class Seeded
{
    public static void ForEach(int count, Action<Random> property, int first = 1)
    {
        for (int seed = first; seed < first + count; seed++)
        {
            try
            {
                property(new Random(seed));
            }
            catch (Exception e)
            {
                throw new XunitException($"Seed {seed}: {e.Message}", e);
            }
        }
    }

    /// <summary>One of the given values.</summary>
    public static T Pick<T>(this Random random, params ReadOnlySpan<T> values) => values[random.Next(values.Length)];

    /// <summary>A number whose magnitude, not whose value, is uniform: small ones are as likely as large ones.</summary>
    public static long Magnitude(this Random random, long min, long max) =>
        (long)Math.Clamp(Math.Exp(random.NextDouble() * Math.Log(max - min + 1.0)) - 1 + min, min, max);
}
