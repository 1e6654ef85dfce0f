using Quota.Silo.Import;
using Quota.Silo.Import.Aws;
using Quota.Silo.Import.Envoy;

namespace Quota.Silo.Tests.Import;

/// <summary>Whatever a file contains, an import ends with definitions or with errors, never with an exception.</summary>
public sealed class ImportFuzzTests
{
    private const string Marks = "{}[]:,\"'-*&!|>%@#\\ \n\t\0\u00e9~<0123456789eE.+";

    [Theory]
    [InlineData("messaging.yaml")]
    [InlineData("per-address.yaml")]
    [InlineData("errors.yaml")]
    public void Damaged_yaml_is_told(string sample) => Damage(sample, file => EnvoyImport.Run([file], new EnvoyImportOptions()));

    [Theory]
    [InlineData("plans.json")]
    [InlineData("errors.json")]
    public void Damaged_json_is_told(string sample) => Damage(sample, file => AwsImport.Run([file], new AwsImportOptions()));

    [Theory]
    [InlineData("u1gold.json")]
    [InlineData("api-keys.json")]
    public void Damaged_keys_are_told(string sample)
    {
        string plans = Path.Combine(ImportRun.Samples, "plans.json");
        Damage(sample, file => AwsImport.Run([plans], new AwsImportOptions { KeyFiles = [("u1gold", file)], ApiKeyFiles = [file] }));
    }

    private static void Damage(string sample, Func<string, ImportResult> import)
    {
        string text = File.ReadAllText(Path.Combine(ImportRun.Samples, sample));
        using var directory = new TemporaryDirectory();
        string file = directory.File("damaged");
        int wrong = 0;
        for (int seed = 1; seed <= 400; seed++)
        {
            var random = new Random(seed);
            char[] damaged = text.ToCharArray();
            for (int i = random.Next(1, 4); i > 0; i--)
            {
                damaged[random.Next(damaged.Length)] = Marks[random.Next(Marks.Length)];
            }
            int length = random.Next(4) == 0 ? random.Next(damaged.Length) : damaged.Length;
            File.WriteAllText(file, new string(damaged, 0, length));
            ImportResult result = import(file);
            Assert.Equal(result.Errors, result.Remarks.Count(r => r.IsError));
            Assert.All(result.Remarks, r => Assert.True(r.Line > 0 || r.IsError, $"seed {seed}: {r}"));
            wrong += result.Errors > 0 ? 1 : 0;
        }
        Assert.True(wrong > 40, $"{wrong} of 400 damaged files had errors");
    }
}
