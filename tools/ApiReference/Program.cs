using System.Text;
using Quota.ApiReference;

// dotnet run --project tools/ApiReference [file]: writes the API reference; docs/API.md of the repository if no file is given.
string? directory = AppContext.BaseDirectory;
while (directory is not null && !File.Exists(Path.Combine(directory, "Quota.sln")))
{
    directory = Path.GetDirectoryName(directory);
}
string? file = args.Length > 0 ? args[0] : directory is null ? null : Path.Combine(directory, "docs", "API.md");
if (file is null)
{
    Console.Error.WriteLine("name the file to write: this does not run within the repository");
    return 2;
}
File.WriteAllText(file, ReferenceDocument.Render(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
Console.WriteLine($"{file}: written");
return 0;
