// --- the data of the page --------------------------------------------------------------------------------------------
"use strict";
const ROWS = /*rows*/[];
let page = JSON.parse(document.getElementById("data").textContent);
let svg = document.querySelector("#picture svg");
